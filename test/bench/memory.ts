import {setTimeout as delay} from 'node:timers/promises';
import PQueue from 'p-queue';
import {promptOf} from './model.ts';
import {bareNode, hostIn, residentMb} from './resident.ts';
import type {Stage} from './stage.ts';
import type {Row} from './table.ts';

const DELEGATIONS = 1_000;
const CONCURRENCY = 16;
const IDLE_MB = 80;
const AFTER_MB = 150;
/** After OpenCode serves, its offer is read; after the last read, sessions are let go of. */
const SETTLE_MS = 10_000;

/** Resident memory of a host; OpenCode's is its own. */
export async function* memory(stage: Stage): AsyncGenerator<Row> {
  if (process.platform !== 'linux') return;
  const node = await bareNode();
  const sandbox = stage.sandbox();
  const env = {OPENCODE_DELEGATE_HOST: 'on', OPENCODE_DELEGATE_CONCURRENCY: String(CONCURRENCY)};
  const bin = await stage.bin(env, sandbox);
  await bin.client.listTools();
  const host = hostIn(sandbox);
  await delay(SETTLE_MS);
  const idle = residentMb(host);
  const queue = new PQueue({concurrency: CONCURRENCY});
  const one = async () => bin.read(await bin.delegate(promptOf(0)));
  await Promise.all(Array.from({length: DELEGATIONS}, () => queue.add(one)));
  await delay(SETTLE_MS);
  const after = residentMb(host);
  const row = (what: string, measured: number, goal: number): Row => ({
    what: `resident memory of a host, ${what}`,
    measured: `${measured.toFixed(0)} MB`,
    baseline: `an idle node: ${node.toFixed(0)} MB`,
    ratio: `${(measured / node).toFixed(2)}x`,
    goal: `<= ${goal} MB`,
    met: measured <= goal,
  });
  yield* [
    row('idle', idle, IDLE_MB),
    row(`after ${DELEGATIONS.toLocaleString('en-US')} delegations`, after, AFTER_MB),
  ];
}
