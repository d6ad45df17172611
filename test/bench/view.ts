import {readFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {BIN} from '../support/sandbox.ts';
import {aShown, ScriptedHost} from '../support/scripted-host.ts';
import {openTerminalOf} from '../support/terminal.ts';
import type {Stage} from './stage.ts';
import {median, timed} from './stats.ts';
import {ms, type Row} from './table.ts';

const DELEGATIONS = 200;
const UPDATES_A_SECOND = 10;
const SECONDS = 15;
const LAUNCHES = 5;
const SHARE = 0.05;
const START_MS = 1_000;
/** Linux counts processor time in hundredths of a second. */
const TICKS_A_SECOND = 100;
const SIZE = {columns: 200, rows: 50};

/** The live view at a large terminal, with many delegations that change all the time. Linux only. */
export async function view(stage: Stage): Promise<readonly Row[]> {
  const sandbox = stage.sandbox();
  const all = Array.from({length: DELEGATIONS}, (_, n) =>
    aShown({
      id: `swift-otter-${n}`,
      title: `Review part ${n}`,
      activity: {last: 'read src/cart.ts', at: new Date().toISOString()},
    }),
  );
  const host = await ScriptedHost.start(sandbox, {delegations: all});
  let step = 0;
  const timer = setInterval(() => {
    step += 1;
    // Those in sight and those out of it, in turn.
    const changed = all.filter((_, n) => n % UPDATES_A_SECOND === step % UPDATES_A_SECOND);
    host.change(
      changed.map((shown) => ({
        ...shown,
        tool_calls: step,
        activity: {last: `read src/part-${step}.ts`, at: new Date().toISOString()},
      })),
    );
  }, 1_000 / UPDATES_A_SECOND);
  try {
    const starts: number[] = [];
    for (let n = 0; n < LAUNCHES; n++) starts.push(await start(sandbox));
    const share = await shareOfCore(sandbox);
    return [
      {
        what: `live view, start with ${DELEGATIONS} delegations (n=${LAUNCHES})`,
        measured: ms(median(starts)),
        baseline: '-',
        ratio: '-',
        goal: `<= ${START_MS} ms`,
        met: median(starts) <= START_MS,
      },
      {
        what: `live view, ${DELEGATIONS} delegations, ${UPDATES_A_SECOND} updates/s, share of a core`,
        measured: `${(share * 100).toFixed(1)} %`,
        baseline: '-',
        ratio: '-',
        goal: `<= ${SHARE * 100} %`,
        met: share <= SHARE,
      },
    ];
  } finally {
    clearInterval(timer);
    host.close();
  }
}

type Where = Parameters<typeof openTerminalOf>[1];

async function start(sandbox: Where): Promise<number> {
  let terminal: ReturnType<typeof openTerminalOf> | undefined;
  try {
    return await timed(async () => {
      terminal = openTerminalOf(SIZE, sandbox, process.execPath, BIN);
      await terminal.shows('RUNNING (');
    });
  } finally {
    await terminal?.close();
  }
}

async function shareOfCore(sandbox: Where): Promise<number> {
  const terminal = openTerminalOf(SIZE, sandbox, process.execPath, BIN);
  try {
    await terminal.shows('RUNNING (');
    await delay(3_000);
    const before = ticksOf(terminal.pid);
    await delay(SECONDS * 1_000);
    return (ticksOf(terminal.pid) - before) / TICKS_A_SECOND / SECONDS;
  } finally {
    await terminal.close();
  }
}

function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  // utime and stime.
  return Number(fields[11]) + Number(fields[12]);
}
