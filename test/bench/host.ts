import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import {allGone, openCodeIn, processesIn, signalEach} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {Bin} from './bin.ts';
import {promptOf} from './model.ts';
import {bareNode, residentMb} from './resident.ts';
import type {Stage} from './stage.ts';
import {interleaved, median, quantile, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const ROUNDS = 15;
const ANSWERS = 100;
const CLIENTS = 5;
const MAX_LAUNCH_RATIO = 2;
const MAX_BRIDGE_MB = 55;
const MAX_P50_MS = 10;
/** After OpenCode serves, its offer is read. */
const SETTLE_MS = 3_000;
const HOST = {OPENCODE_DELEGATE_HOST: 'on'};

/** What a client pays when the work is done by a host: launch, memory, answers. */
export async function* host(stage: Stage): AsyncGenerator<Row> {
  if (process.platform !== 'linux') return;
  yield* launches(stage);
  yield* shared(stage);
}

async function* launches(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  const cold = await timedLaunch(sandbox);
  const keeper = await stage.bin(HOST, sandbox);
  await keeper.client.listTools();
  const baseline = () => timed(() => once(spawn(process.execPath, ['-e', '0'], {env: sandbox.env}), 'exit'));
  const samples = await interleaved({rounds: ROUNDS, ours: () => timedLaunch(sandbox), baseline});
  const [warm, bare] = [median(samples.ours), median(samples.baseline)];
  await keeper.close();
  await endHosts(sandbox);
  yield* [
    {
      what: `bridge, launch to tools/list, warm host (n=${ROUNDS})`,
      measured: ms(warm),
      baseline: `node -e 0: ${ms(bare)}`,
      ratio: times(warm / bare),
      goal: `<= ${MAX_LAUNCH_RATIO.toFixed(1)}x`,
      met: warm / bare <= MAX_LAUNCH_RATIO,
    },
    {
      what: 'bridge, launch to tools/list, no host yet (n=1)',
      measured: ms(cold),
      baseline: `node -e 0: ${ms(bare)}`,
      ratio: times(cold / bare),
      goal: '-',
    },
  ];
}

async function* shared(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  const clients = await startAll(stage, sandbox, HOST);
  const [client] = clients;
  if (client === undefined) throw new Error('no client has started');
  for (let n = 0; n < 8; n++) await client.read(await client.delegate(promptOf(0)));
  const answers: number[] = [];
  for (let n = 0; n < ANSWERS; n++) {
    let id = '';
    answers.push(
      await timed(async () => {
        id = await client.delegate(promptOf(0));
      }),
    );
    await client.read(id);
  }
  const bridge = residentMb(client.pid);
  const together = totalMb(sandbox);
  const further = await stage.bin({...HOST, KUBECONFIG: '/of/another'}, sandbox);
  await further.read(await further.delegate(promptOf(0)));
  const furtherMb = totalMb(sandbox) - together - residentMb(further.pid);
  const firstMb = median(openCodeIn(sandbox.root).map(({pid}) => residentMb(pid)));
  const hostMb = median(hostsIn(sandbox).map(({pid}) => residentMb(pid)));
  for (const one of [...clients, further]) await one.close();
  await endHosts(sandbox);

  const apart = await inOwnProcesses(stage);
  const node = await bareNode();
  const p50 = quantile(answers, 0.5);
  yield* [
    {
      what: `delegate answers through bridge and host (n=${ANSWERS})`,
      measured: `p50 ${ms(p50)}, p99 ${ms(quantile(answers, 0.99))}`,
      baseline: '-',
      ratio: '-',
      goal: `p50 <= ${MAX_P50_MS} ms`,
      met: p50 <= MAX_P50_MS,
    },
    {
      what: 'resident memory, bridge',
      measured: `${bridge.toFixed(0)} MB`,
      baseline: `an idle node: ${node.toFixed(0)} MB`,
      ratio: times(bridge / node),
      goal: `<= ${MAX_BRIDGE_MB} MB`,
      met: bridge <= MAX_BRIDGE_MB,
    },
    {
      what: `resident memory, host after ${ANSWERS} delegations`,
      measured: `${hostMb.toFixed(0)} MB`,
      baseline: `an idle node: ${node.toFixed(0)} MB`,
      ratio: times(hostMb / node),
      goal: '-',
    },
    {
      what: 'resident memory, a further environment',
      measured: `${furtherMb.toFixed(0)} MB`,
      baseline: `an OpenCode server: ${firstMb.toFixed(0)} MB`,
      ratio: times(furtherMb / firstMb),
      goal: '-',
    },
    {
      what: `resident memory, ${CLIENTS} clients with OpenCode`,
      measured: `${together.toFixed(0)} MB`,
      baseline: `${CLIENTS} with the host off: ${apart.toFixed(0)} MB`,
      ratio: times(together / apart),
      goal: '-',
    },
  ];
}

async function inOwnProcesses(stage: Stage): Promise<number> {
  const sandbox = stage.sandbox();
  const clients = await startAll(stage, sandbox, {OPENCODE_DELEGATE_HOST: 'off'});
  for (const client of clients) await client.read(await client.delegate(promptOf(0)));
  const total = totalMb(sandbox);
  for (const client of clients) await client.close();
  return total;
}

async function startAll(
  stage: Stage,
  sandbox: Sandbox,
  env: Record<string, string>,
): Promise<readonly Bin[]> {
  const clients: Bin[] = [];
  // They differ as five terminals do.
  for (let n = 0; n < CLIENTS; n++) clients.push(await stage.bin({...env, TMUX_PANE: `%${n}`}, sandbox));
  for (const client of clients) await client.client.listTools();
  await delay(SETTLE_MS);
  return clients;
}

async function timedLaunch(sandbox: Sandbox): Promise<number> {
  const from = performance.now();
  const bin = await Bin.start({sandbox, env: HOST});
  try {
    await bin.client.listTools();
    return performance.now() - from;
  } finally {
    await bin.close();
  }
}

function totalMb(sandbox: Sandbox): number {
  return processesIn(sandbox.root).reduce((sum, {pid}) => sum + residentMb(pid), 0);
}

function hostsIn(sandbox: Sandbox): readonly {pid: number}[] {
  return processesIn(sandbox.root).filter(({command}) => /main\.cjs host$/.test(command));
}

async function endHosts(sandbox: Sandbox): Promise<void> {
  signalEach(
    hostsIn(sandbox).map(({pid}) => pid),
    'SIGTERM',
  );
  await allGone(sandbox.root);
}
