import {execFileSync} from 'node:child_process';
import {cpus} from 'node:os';
import {createSandbox} from '../support/sandbox.ts';
import {Cleanup} from './cleanup.ts';
import {cold} from './cold.ts';
import {commands} from './commands.ts';
import {definitions} from './definitions.ts';
import {delegate} from './delegate.ts';
import {fleet} from './fleet.ts';
import {history} from './history.ts';
import {hook} from './hook.ts';
import {host} from './host.ts';
import {lanes} from './lanes.ts';
import {launch} from './launch.ts';
import {list} from './list.ts';
import {memory} from './memory.ts';
import {plugin} from './plugin.ts';
import {pool} from './pool.ts';
import {result} from './result.ts';
import {Stage} from './stage.ts';
import {type Row, renderLine, renderTable} from './table.ts';
import {throughput} from './throughput.ts';
import {view} from './view.ts';
import {worktree} from './worktree.ts';

/** Each plays on a stage of its own, so that none meets what another has left running. */
const GROUPS = {
  launch,
  cold,
  delegate,
  result,
  throughput,
  lanes,
  worktree,
  list,
  commands,
  hook,
  history,
  memory,
  host,
  plugin,
  view,
  definitions,
  pool,
  fleet,
};
type GroupName = keyof typeof GROUPS;

/** These take minutes: they are measured where they are named. */
const BY_NAME: readonly GroupName[] = ['fleet'];

let current = new Cleanup();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void current.run().finally(() => process.exit(1)));
}

await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<void> {
  const names = Object.keys(GROUPS) as GroupName[];
  const unknown = wanted.filter((name) => !names.some((known) => known === name));
  if (unknown.length > 0) {
    console.error(`No rows ${unknown.join(', ')}. There are: ${names.join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const rows: Row[] = [];
  const isWanted = (name: GroupName) =>
    wanted.length === 0 ? !BY_NAME.includes(name) : wanted.includes(name);
  for (const name of names.filter(isWanted)) {
    console.error(`measuring: ${name}`);
    const from = performance.now();
    try {
      for await (const row of play(name)) {
        console.error(renderLine(row));
        rows.push(row);
      }
    } catch (error) {
      console.error(`${name} broke:`, error);
      process.exitCode = 1;
    }
    console.error(`  (${Math.round((performance.now() - from) / 1_000)} s)`);
  }
  console.log(`\nOpenCode ${await openCodeVersion()}, Node ${process.version}, ${cpus().length} CPUs\n`);
  console.log(renderTable(rows));
}

async function* play(name: GroupName): AsyncGenerator<Row> {
  current = new Cleanup();
  try {
    yield* GROUPS[name](await Stage.open(current), current);
  } finally {
    await current.run();
  }
}

async function openCodeVersion(): Promise<string> {
  const sandbox = createSandbox();
  try {
    return execFileSync('opencode', ['--version'], {env: sandbox.env, encoding: 'utf8'}).trim();
  } finally {
    await sandbox.remove();
  }
}
