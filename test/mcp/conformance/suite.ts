import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {z} from 'zod';
import {node22} from '../../support/node22.ts';

const CLI = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);

const checksFile = z.array(
  z.object({id: z.string(), status: z.string(), errorMessage: z.string().optional()}),
);

/** What the suite found out in one scenario. */
export interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string | undefined;
}

/** The results by scenario. */
export type Results = ReadonlyMap<string, readonly Check[]>;

/** Every scenario that the installed suite has for servers. */
export async function scenarios(): Promise<readonly string[]> {
  const {stdout} = await execa(node22(), [CLI, 'list', '--server']);
  return [...stdout.matchAll(/^ {2}- (\S+) /gm)].flatMap(([, name]) => name ?? []);
}

/** Runs the suite against a server, as a process of its own. Its exit code counts what is not ours too. */
export async function run(url: string, options: readonly string[]): Promise<Results> {
  const output = mkdtempSync(join(tmpdir(), 'opencode-delegate-conformance-'));
  try {
    await execa(node22(), [CLI, 'server', '--url', url, ...options, '-o', output], {reject: false});
    return new Map(readdirSync(output).map((folder) => [nameOf(folder), checksIn(join(output, folder))]));
  } finally {
    rmSync(output, {recursive: true});
  }
}

/** A folder is `server-<scenario>-<time>`. */
function nameOf(folder: string): string {
  return folder.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
}

function checksIn(folder: string): readonly Check[] {
  return checksFile.parse(JSON.parse(readFileSync(join(folder, 'checks.json'), 'utf8')));
}
