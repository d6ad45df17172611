import {NAME} from '../base/name.ts';
import {SHOWN_COMMANDS} from './commands.ts';
import {COMMON, type Command, type OptionSpec} from './line/command.ts';

/** What `--help` says without a command. */
export function overview(): string {
  const width = Math.max(...Object.keys(SHOWN_COMMANDS).map((name) => name.length));
  const commands = Object.entries(SHOWN_COMMANDS).map(
    ([name, {summary}]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return [
    `${NAME}: hands work to background OpenCode agents.`,
    '',
    `Usage: ${NAME}                      the live view, at a terminal; MCP clients start the server so`,
    `       ${NAME} <command> [options]`,
    '',
    'Commands:',
    ...commands,
    '',
    `${NAME} help <command> says more about one. ${NAME} --version names the version.`,
    '',
    'Exit codes: 0 completed or done, 1 ended otherwise, 2 refused or wrong usage, 3 needs an answer, 124 time out.',
    'Settings come from the environment (OPENCODE_DELEGATE_*): docs/settings.md lists them.',
    '',
  ].join('\n');
}

/** What `help <command>` says. */
export function helpOf(name: string, {usage, about, options, examples}: Command): string {
  const rows = Object.entries({...options, ...COMMON}).map(
    ([option, spec]) => [spelled(option, spec), spec.about] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `Usage: ${NAME} ${name}${usage === '' ? '' : ` ${usage}`}`,
    '',
    about,
    '',
    'Options:',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    '',
    'Examples:',
    ...examples.flatMap(([line, does]) => [`  ${NAME} ${line}`, `      ${does}`]),
    '',
  ].join('\n');
}

function spelled(option: string, {short, value}: OptionSpec): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${option}${value === undefined ? '' : ` ${value}`}`;
}
