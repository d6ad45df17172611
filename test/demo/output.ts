const COLUMN = 11;
/** How much of a long text is shown. */
const WIDTH = 100;

const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

function styled(code: number, text: string): string {
  return isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export const bold = (text: string): string => styled(1, text);
export const dim = (text: string): string => styled(2, text);

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function heading(text: string): void {
  print(`\n${bold(text)}`);
}

/** A line with a name before it. */
export function fact(name: string, value: string): void {
  print(`  ${name.padEnd(COLUMN)} ${value}`);
}

/** A text of several lines, moved in. */
export function block(text: string): void {
  for (const line of text.trimEnd().split('\n')) print(`    ${line}`.trimEnd());
}

export function shortened(text: string): string {
  return text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 1).trimEnd()}…`;
}

export function ms(span: number): string {
  return `${Math.round(span).toLocaleString('en-US')} ms`;
}
