import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {BIN} from '../support/sandbox.ts';
import {aShown, ScriptedHost} from '../support/scripted-host.ts';
import {openTerminalOf} from '../support/terminal.ts';
import type {Stage} from './stage.ts';
import {median} from './stats.ts';
import {ms, type Row} from './table.ts';

const DELEGATIONS = 200;
const UPDATES_A_SECOND = 10;
const SECONDS = 15;
const LAUNCHES = 5;
const SHARE = 0.05;
const START_MS = 1_000;
/** The machine may be shared: this says what the view itself costs. */
const START_CPU_MS = 700;
/** Linux counts processor time in hundredths of a second. */
const TICKS_A_SECOND = 100;
const SIZE = {columns: 200, rows: 50};

/** The live view at a large terminal, with many delegations that change all the time. Linux only. */
export async function* view(stage: Stage): AsyncGenerator<Row> {
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
    const starts: Start[] = [];
    for (let n = 0; n < LAUNCHES; n++) starts.push(await start(sandbox));
    const [wallMs, cpuMs] = [median(starts.map((one) => one.wallMs)), median(starts.map((one) => one.cpuMs))];
    const nodeMs = cpuOfNode();
    const share = await shareOfCore(sandbox);
    yield* [
      {
        what: `live view, start with ${DELEGATIONS} delegations (n=${LAUNCHES})`,
        measured: ms(wallMs),
        baseline: '-',
        ratio: '-',
        goal: `<= ${START_MS} ms`,
        met: wallMs <= START_MS,
      },
      {
        what: 'the same, processor time; baseline: Node alone',
        measured: ms(cpuMs),
        baseline: ms(nodeMs),
        ratio: (cpuMs / nodeMs).toFixed(1),
        goal: `<= ${START_CPU_MS} ms`,
        met: cpuMs <= START_CPU_MS,
      },
      {
        what: `live view, ${DELEGATIONS} delegations, ${UPDATES_A_SECOND} updates/s, share of a core`,
        measured: `${(share * 100).toFixed(1)} % (${(share * SECONDS).toFixed(2)} s in ${SECONDS} s)`,
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

interface Start {
  readonly wallMs: number;
  /** The processor time that the view has taken by then. */
  readonly cpuMs: number;
}

async function start(sandbox: Where): Promise<Start> {
  const begun = performance.now();
  const terminal = openTerminalOf(SIZE, sandbox, process.execPath, BIN);
  try {
    await terminal.shows('RUNNING (');
    return {
      wallMs: performance.now() - begun,
      cpuMs: (ticksOf(terminal.pid) / TICKS_A_SECOND) * 1_000,
    };
  } finally {
    await terminal.close();
  }
}

function cpuOfNode(): number {
  const code = 'const {user, system} = process.cpuUsage(); console.log((user + system) / 1000)';
  return Number(execFileSync(process.execPath, ['-e', code], {encoding: 'utf8'}));
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
