import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {otherModels} from '../../src/delegation/run/other-models.ts';
import type {DelegateInput} from '../../src/delegation/submit/input.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';

const MODELS = ['acme/one', 'acme/two', 'other/three'];

let directory: string;
let fakes: ReturnType<typeof fakeDelegations>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opencode-delegate-models-'));
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
  fakes = fakeDelegations({environment: {modelNames: [{name: 'fast', models: MODELS}]}});
  fakes.catalog.names.set('fast', 'acme/one');
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, {recursive: true, force: true});
});

const settled = () => vi.advanceTimersByTimeAsync(0);

async function begin(given: Partial<DelegateInput> = {}): Promise<string> {
  const client = {name: 'c', version: '1'};
  const {environment, delegations} = fakes;
  const {delegation} = await delegations.delegate({
    ...{project: 'project', environment, directory, prompt: 'work', timeoutMinutes: 15, client},
    ...{model: 'fast', ...given},
  });
  await settled();
  return delegation.id;
}

const record = async (id: string) => (await fakes.delegations.get('project', id)).delegation;
const run = (n: number) => {
  const one = fakes.runner.runs[n];
  if (one === undefined) throw new Error(`there are ${fakes.runner.runs.length} runs`);
  return one;
};

describe('a delegation whose model has a name', () => {
  it('takes the next model where its own is refused, and the record says why', async () => {
    const id = await begin();
    expect(run(0).request).toMatchObject({model: 'acme/one', givesWay: true});
    run(0).settle({outcome: 'refused', why: 'The provider said: no credit.'});
    await settled();
    expect(run(0).hasStopped).toBe(true);
    expect(run(1).request).toMatchObject({model: 'acme/two', givesWay: true});
    run(1).settle({outcome: 'refused', why: 'The provider said: slow down.'});
    await settled();
    expect(run(2).request.model).toBe('other/three');
    // The last one has nobody to give way to.
    expect(run(2).request.givesWay).toBeUndefined();
    run(2).complete('Done.');
    await settled();
    expect(await record(id)).toMatchObject({
      ...{state: {status: 'completed'}, model: 'other/three', modelName: 'fast'},
      passedOver: [
        {model: 'acme/one', why: 'The provider said: no credit.'},
        {model: 'acme/two', why: 'The provider said: slow down.'},
      ],
    });
    expect(fakes.store.stored(id)?.passedOver).toHaveLength(2);
  });

  it('takes the first that is not rate-limited when it is its turn', async () => {
    await begin();
    run(0).observer.rateLimited('acme/one', Date.now() + 60_000);
    const id = await begin();
    expect(await record(id)).toMatchObject({
      model: 'other/three',
      passedOver: [{model: 'acme/one', why: expect.stringMatching(/^acme was rate-limited until /)}],
    });
    // Without a name, it waits.
    const other = await begin({model: 'acme/one'});
    expect((await record(other)).state.status).toBe('queued');
  });

  it('goes on with the model that ran, and can be refused again', async () => {
    const id = await begin();
    await run(0).observer.sessionOpened('ses_1');
    run(0).settle({outcome: 'refused', why: 'No.'});
    await settled();
    await run(1).observer.sessionOpened('ses_2');
    run(1).complete('Done.');
    await settled();
    const {environment, delegations} = fakes;
    const client = {name: 'c', version: '1'};
    await delegations.continue({
      ...{project: 'project', environment, id, prompt: 'And on', timeoutMinutes: 15, client},
    });
    expect(fakes.catalog.requests.at(-1)).toMatchObject({model: 'fast', preferred: 'acme/two'});
    // The name may be gone by then.
    const without = {...environment, modelNames: []};
    run(2).complete('Done.');
    await settled();
    const other = {project: 'project', environment: without, timeoutMinutes: 15, client};
    await delegations.continue({...other, id, prompt: 'And on'});
    expect(fakes.catalog.requests.at(-1)).toMatchObject({model: 'acme/two'});
  });
});

it('a model without a name gives way to none', async () => {
  await begin({model: 'acme/one'});
  expect(run(0).request.givesWay).toBeUndefined();
});

it('one that has answered, and is to repair its answer, stays with its model', () => {
  const environment = {modelNames: [{name: 'fast', models: MODELS}]};
  const asked = {model: 'acme/one', modelName: 'fast'};
  expect(otherModels(asked, environment)).toEqual(['acme/two', 'other/three']);
  expect(otherModels({...asked, repair: {sessionId: 'ses_1', why: 'no'}}, environment)).toEqual([]);
});
