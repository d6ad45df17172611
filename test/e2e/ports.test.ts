import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {ClientEnvironments} from '../../src/app/environments.ts';
import {Pools} from '../../src/app/pools.ts';
import {Refusal} from '../../src/base/errors.ts';
import {readConfig} from '../../src/config.ts';
import type {Catalog} from '../../src/delegation/model/catalog.ts';
import type {Run, Runner, RunObserver, RunRequest} from '../../src/delegation/model/run.ts';
import {FakeCatalog, FakeLog, FakeRunner} from '../support/fakes.ts';
import {createGate, type Gate} from '../support/gate.ts';
import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';

/** What runs delegations, and what decides how each run ends: by its prompt, which is `answer` or `fail`. */
interface Ports {
  readonly runner: Runner;
  readonly catalog: Catalog;
  readonly directory: string;
  /** Lets the runs that have begun come to their ends. */
  readonly gate: () => Gate;
  /** Has the catalog refuse what the next test asks for, where it would not by itself. */
  readonly refuse: () => void;
}

let model: ScriptedModel;
let sandbox: Sandbox;
let environments: ClientEnvironments;
let real: Ports;
let gate: Gate;

beforeAll(async () => {
  model = await ScriptedModel.start(async ({prompt}) => {
    await gate.opened;
    return prompt === 'fail' ? {status: 400, message: 'no such thing'} : {text: 'The answer.'};
  });
  sandbox = createSandbox({modelUrl: model.url});
  const {dataDir, env, project: directory} = sandbox;
  environments = new ClientEnvironments({
    ...{dataDir, serverIdleMs: 60_000, log: new FakeLog(), activeIn: () => 0},
    pools: new Pools({
      dataDir,
      log: new FakeLog(),
      read: async () => undefined,
      keep: async () => {},
      amend: async () => {},
    }),
  });
  const {environment} = environments.enter(env, readConfig(env).delegation);
  real = {...environment, directory, gate: () => gate, refuse: () => {}};
});

afterAll(async () => {
  await environments.close();
  await model.close();
  await sandbox.remove();
});

function fake(): Ports {
  const [runner, catalog] = [new FakeRunner(), new FakeCatalog()];
  runner.onStart(async (run) => {
    await run.observer.sessionOpened('ses_1');
    await gate.opened;
    if (run.request.prompt === 'fail') run.fail('no such thing');
    else run.complete('The answer.');
  });
  const refuse = () => {
    catalog.refusal = new Refusal('There is no such model.');
  };
  return {runner, catalog, directory: '/somewhere', gate: () => gate, refuse};
}

/** What the domain relies on, whoever runs the delegations. */
describe.each([
  ['of OpenCode', () => real],
  ['of nothing', fake],
])('the ports %s', (_, portsOf) => {
  function begin(prompt: string): {ports: Ports; run: Run; sessions: string[]} {
    gate = createGate();
    const ports = portsOf();
    const sessions: string[] = [];
    const run = ports.runner.start(requestOf(ports, prompt), {
      ...OBSERVER,
      sessionOpened: async (id) => void sessions.push(id),
    });
    return {ports, run, sessions};
  }

  it('choose an agent and a model where none is named', async () => {
    const {catalog, directory} = portsOf();
    const choice = await catalog.choose({directory, access: 'agent'});
    expect(choice).toEqual({agent: 'build', model: 'scripted/model'});
    expect(await catalog.check({...choice, directory, access: 'agent'})).toBeUndefined();
  });

  it('refuse in words a model that there is not', async () => {
    const {catalog, directory, refuse} = portsOf();
    refuse();
    const asked = catalog.choose({directory, access: 'agent', model: 'scripted/none'});
    await expect(asked).rejects.toBeInstanceOf(Refusal);
  });

  it('name the session first, and end with the answer', async () => {
    const {run, sessions} = begin('answer');
    gate.open();
    expect(await run.end).toMatchObject({outcome: 'completed', product: {text: 'The answer.'}});
    expect(sessions).toEqual([expect.stringMatching(/^ses_/)]);
    await run.stop();
  });

  it('end with an error that has the words of the provider, and never reject', async () => {
    const {run} = begin('fail');
    gate.open();
    expect(await run.end).toMatchObject({outcome: 'error', error: expect.stringContaining('no such thing')});
    await run.stop();
  });

  it('have nothing to show before the agent has answered, and stop when they are told to', async () => {
    const {run} = begin('answer');
    expect(await run.snapshot()).toMatchObject({product: {text: ''}, isAnswered: false});
    expect(await run.halt()).toMatchObject({product: {text: ''}, isAnswered: false});
    gate.open();
  });

  it('say of a run that never had a session that nothing came of it, and never reject', async () => {
    const {runner, directory} = portsOf();
    const lost = {delegationId: 'calm-blue-heron', directory, sessionId: undefined, isContinued: false};
    const end = await runner.postMortem({...lost, cause: 'Its process is gone.'});
    expect(['interrupted', 'nothing sent']).toContain(end.outcome);
  });

  it('have a session for as long as there is one', async () => {
    const {ports, run, sessions} = begin('answer');
    gate.open();
    await run.end;
    const place = {directory: ports.directory, access: 'agent'} as const;
    expect(await ports.runner.hasSession(sessions[0] ?? '', place)).toBe(true);
    await run.stop();
  });
});

function requestOf({directory}: Ports, prompt: string): RunRequest {
  return {
    ...{delegationId: 'swift-amber-otter', directory, prompt, title: prompt},
    ...{access: 'agent', agent: 'build', model: 'scripted/model', deadline: Date.now() + 120_000},
  };
}

const OBSERVER: RunObserver = {
  sessionOpened: async () => {},
  activity: () => {},
  asked: () => {},
  withdrawn: () => {},
  heard: () => {},
  rateLimited: () => {},
};
