import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Script} from '../support/scripted-model.ts';

/** The file that the first piece of work writes. */
export const WRITTEN_FILE = 'docs/price.md';

/** The two pieces of work; a real model can do them as well as the scripted one. */
export const PROMPTS = [
  `Read src/price.ts and write ${WRITTEN_FILE}: one line for each exported function, with its signature. Then say in one or two sentences what you wrote.`,
  'Find every TODO in the TypeScript files under src. Answer with a list of file, line number and text. Change nothing.',
] as const;

/** The project that is worked on. Its marks are for the second piece of work to find, not for us to resolve. */
const FILES: Readonly<Record<string, string>> = {
  'src/price.ts': `/** Prices are whole cents. */
export function addTax(cents: number, rate: number): number {
  return Math.round(cents * (1 + rate));
}

export function discount(cents: number, percent: number): number {
  // TODO: refuse more than 100 percent
  return Math.round(cents * (1 - percent / 100));
}

export function format(cents: number): string {
  return (cents / 100).toFixed(2);
}
`,
  'src/cart.ts': `import {addTax} from './price.ts';

export class Cart {
  readonly #items: number[] = [];

  add(cents: number): void {
    // TODO: merge equal items
    this.#items.push(cents);
  }

  total(): number {
    // TODO: take the rate from the country
    return addTax(this.#items.reduce((sum, cents) => sum + cents, 0), 0.23);
  }
}
`,
};

/** Puts a small project into an empty directory. */
export function writeProject(directory: string): void {
  for (const [name, content] of Object.entries(FILES)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, content);
  }
}

/** So long the scripted model thinks before each step, so that there is progress to see. */
const STEP_MS = 1_100;

/**
 * A model that does the work step by step: it asks for tools, which OpenCode really runs, and makes its
 * answers of what the tools return.
 */
export const script: Script = async (request) => {
  await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  if (request.prompt === PROMPTS[0]) return document(request.toolResults);
  if (request.prompt === PROMPTS[1]) return findTodos(request.toolResults);
  return {status: 400, message: 'the demo has no script for this request'};
};

function document([source, written]: readonly string[]): Awaited<ReturnType<Script>> {
  if (source === undefined) return {tool: 'read', input: {filePath: 'src/price.ts'}};
  const signatures = [...source.matchAll(/export function (.+?) \{/g)].map(([, signature]) => signature);
  const content = ['# Prices', '', ...signatures.map((signature) => `- \`${signature}\``), ''].join('\n');
  if (written === undefined) return {tool: 'write', input: {filePath: WRITTEN_FILE, content}};
  return {
    text: `${WRITTEN_FILE} lists the ${signatures.length} functions that src/price.ts exports, with their signatures.`,
  };
}

function findTodos([listing, ...sources]: readonly string[]): Awaited<ReturnType<Script>> {
  // Of a folder, read returns the names in it. A search would need ripgrep, which OpenCode may have to fetch.
  if (listing === undefined) return {tool: 'read', input: {filePath: 'src'}};
  const files = [...listing.matchAll(/^\w+\.ts$/gm)].map(([name]) => `src/${name}`).sort();
  const next = files[sources.length];
  if (next !== undefined) return {tool: 'read', input: {filePath: next}};
  const todos = sources.flatMap((source, n) =>
    // OpenCode shows a file with the number before each line.
    [...source.matchAll(/^\W*(\d+)\W.*?TODO: (.+)$/gm)].map(
      ([, line, text]) => `- ${files[n]}:${line}: ${text}`,
    ),
  );
  return {text: [`There are ${todos.length} TODOs in ${files.length} files:`, '', ...todos].join('\n')};
}
