import {execFileSync} from 'node:child_process';
import {setTimeout as delay} from 'node:timers/promises';
import {allGone, processesIn, signalEach} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';
import type {Bin} from './bin.ts';
import {type Records, writeRecords} from './records.ts';
import {bareNode, processorMs, residentMb} from './resident.ts';
import type {Stage} from './stage.ts';
import {median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';
import {until} from './until.ts';

const ROUNDS = 5;
const PROJECTS = 50;
const IN_EACH = 2_000;
const IN_ONE = 10_000;
const UNREAD = 100;
const READY_MS = 1_000;
const FIRST_LIST_MS = 1_500;
const LIST_TIMES_READING = 3;
const MAX_MB = 150;
/** What is done in the background is over when a second of it takes no more than this. */
const QUIET_MS = 50;

const MANY = `${(PROJECTS * IN_EACH).toLocaleString('en-US')} records in ${PROJECTS} projects`;
const LONG = `${IN_ONE.toLocaleString('en-US')} records in one project`;

interface Samples {
  readonly ready: number[];
  readonly list: number[];
  readonly read: number[];
  readonly mb: number[];
  /** How long a fresh node takes to read the files of the project that is listed. */
  readonly reading: number[];
}

/** What a person pays for a long history when a host starts: until it is ready, for the first answers, in memory. */
export async function* history(stage: Stage): AsyncGenerator<Row> {
  if (process.platform !== 'linux') return;
  yield* manyProjects(stage);
  yield* oneProject(stage);
}

async function* manyProjects(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  const records = await writeRecords(sandbox, {count: IN_EACH, unread: UNREAD});
  for (let n = 1; n < PROJECTS; n++) {
    await writeRecords(sandbox, {count: IN_EACH, unread: UNREAD, project: `project-${n}`});
  }
  const node = await bareNode();
  // Nobody has marked what is unfinished in them: that is found out by the first host.
  const upgrade = await play(stage, {sandbox, records, rounds: 1});
  yield* rowsOf(`${MANY}, after an upgrade`, upgrade, {node});
  yield* rowsOf(MANY, await play(stage, {sandbox, records, rounds: ROUNDS}), {node});
}

async function* oneProject(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  const records = await writeRecords(sandbox, {count: IN_ONE, unread: UNREAD});
  const node = await bareNode();
  yield* rowsOf(LONG, await play(stage, {sandbox, records, rounds: ROUNDS}), {node});
}

function rowsOf(what: string, samples: Samples, {node}: {node: number}): readonly Row[] {
  const reading = median(samples.reading);
  const n = `(n=${samples.list.length})`;
  const list = median(samples.list);
  const isLong = what === LONG;
  const atFirst = (value: number) => ({
    measured: ms(value),
    baseline: `reading the project's files: ${ms(reading)}`,
    ratio: times(value / reading),
    goal: '-',
  });
  const time = (label: string, value: number, goal: number): Row => ({
    what: `${what}: ${label} ${n}`,
    ...atFirst(value),
    goal: `<= ${goal} ms`,
    met: value <= goal,
  });
  const mb = median(samples.mb);
  return [
    time('host ready', median(samples.ready), READY_MS),
    isLong
      ? {
          ...time('first delegation_list', list, 0),
          goal: `<= ${LIST_TIMES_READING}x`,
          met: list <= LIST_TIMES_READING * reading,
        }
      : time('first delegation_list', list, FIRST_LIST_MS),
    {what: `${what}: a host's first answer, a delegation_read ${n}`, ...atFirst(median(samples.read))},
    {
      what: `${what}: resident memory of the host ${n}`,
      measured: `${mb.toFixed(0)} MB`,
      baseline: `an idle node: ${node.toFixed(0)} MB`,
      ratio: times(mb / node),
      goal: `<= ${MAX_MB} MB`,
      met: mb <= MAX_MB,
    },
  ];
}

/** In each round a host lists first, and another one reads first. */
async function play(
  stage: Stage,
  {sandbox, records, rounds}: {sandbox: Sandbox; records: Records; rounds: number},
): Promise<Samples> {
  const samples: Samples = {ready: [], list: [], read: [], mb: [], reading: []};
  const [id = ''] = records.read;
  for (let round = 0; round < rounds; round++) {
    await withHost(stage, {sandbox, ready: samples.ready}, async (bin, pid) => {
      samples.list.push(await timed(() => answered(bin, 'delegation_list', {}, ' delegations')));
      samples.reading.push(timedReading(records.folder));
      await quiet(pid);
      samples.mb.push(residentMb(pid));
    });
    await withHost(stage, {sandbox, ready: []}, async (bin) => {
      samples.read.push(await timed(() => answered(bin, 'delegation_read', {id, max_chars: 45_000}, id)));
    });
  }
  return samples;
}

/** Tools are not listed, so no OpenCode starts beside it: what is measured is the store alone. */
async function withHost(
  stage: Stage,
  {sandbox, ready}: {sandbox: Sandbox; ready: number[]},
  action: (bin: Bin, pid: number) => Promise<void>,
): Promise<void> {
  const from = performance.now();
  const bin = await stage.bin({OPENCODE_DELEGATE_HOST: 'on'}, sandbox);
  await bin.client.ping();
  ready.push(performance.now() - from);
  const hosts = () => processesIn(sandbox.root).filter(({command}) => /main\.cjs host$/.test(command));
  await until('the host is there', () => hosts().length > 0);
  const [{pid} = {pid: 0}] = hosts();
  await action(bin, pid);
  await bin.close();
  signalEach(
    hosts().map(({pid}) => pid),
    'SIGTERM',
  );
  await allGone(sandbox.root);
}

async function quiet(pid: number): Promise<void> {
  for (let before = -QUIET_MS, now = 0; now - before >= QUIET_MS; now = processorMs(pid)) {
    before = processorMs(pid);
    await delay(1_000);
  }
}

async function answered(
  bin: Bin,
  tool: string,
  input: Record<string, unknown>,
  expected: string,
): Promise<void> {
  const [text = ''] = await bin.call(tool, input);
  if (!text.includes(expected)) throw new Error(`not the answer of ${tool}: ${text.slice(0, 200)}`);
}

/** Reads every file of the folder it is given, and prints how many milliseconds that took. */
const READER = `
const {readdirSync, readFileSync} = require('node:fs');
const from = performance.now();
for (const name of readdirSync(process.argv[1])) readFileSync(process.argv[1] + '/' + name, 'utf8');
console.log(performance.now() - from);
`;

/** In a node that was started for it, as the host was for its first list. */
function timedReading(folder: string): number {
  return Number(execFileSync(process.execPath, ['-e', READER, folder], {encoding: 'utf8'}));
}
