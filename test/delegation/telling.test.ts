import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {MAX_MESSAGE_CHARS, MAX_MESSAGES} from '../../src/delegation/model/message.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, ELSEWHERE} from '../support/fakes.ts';

const PROJECT = 'project';

let directory: string;
let all: ReturnType<typeof fakeDelegations>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opencode-delegate-domain-'));
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
  all = fakeDelegations({concurrency: 1});
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, {recursive: true, force: true});
});

const settled = () => vi.advanceTimersByTimeAsync(0);

async function delegate(prompt: string): Promise<string> {
  const {delegation} = await all.delegations.delegate({
    ...{project: PROJECT, environment: all.environment, directory, prompt, timeoutMinutes: 15},
    client: {name: 'vitest', version: '1'},
  });
  await settled();
  return delegation.id;
}

const tell = (id: string, text = 'In French.') => all.delegations.tell(PROJECT, id, text);
const stored = (id: string) => all.store.stored(id);

describe('what a delegation is told', () => {
  it('is in the record before its agent gets it, and when the agent has it, that is there too', async () => {
    const id = await delegate('Greet');
    const run = all.runner.of('Greet');
    const told = await tell(id);
    expect(told).toMatchObject({message: {number: 1, text: 'In French.'}, delivery: 'step'});
    expect(stored(id)?.messages).toEqual([{number: 1, text: 'In French.', at: Date.now()}]);
    expect(run.told).toMatchObject([{number: 1, text: 'In French.'}]);
    run.observer.heard([1]);
    await settled();
    expect(stored(id)?.messages).toMatchObject([{number: 1, readAt: Date.now()}]);
    run.complete('Bonjour.');
    await settled();
    expect(stored(id)).toMatchObject({text: 'Bonjour.', state: {status: 'completed'}});
    expect(stored(id)?.state).not.toHaveProperty('work.caveat');
  });

  it('goes with the prompt where it waits for its turn', async () => {
    await delegate('First');
    const id = await delegate('Second');
    expect(await tell(id)).toMatchObject({delivery: 'beginning'});
    all.runner.of('First').complete('done');
    await settled();
    expect(all.runner.of('Second').request.messages).toEqual([{number: 1, text: 'In French.'}]);
  });

  it('goes with the next prompt where nothing was sent to the model', async () => {
    const id = await delegate('Greet');
    const run = all.runner.of('Greet');
    run.delivery = undefined;
    const told = tell(id);
    await settled();
    run.settle({outcome: 'nothing sent', why: 'The server went away.'});
    expect(await told).toMatchObject({delivery: 'beginning'});
    expect(all.runner.runs.at(-1)?.request.messages).toEqual([{number: 1, text: 'In French.'}]);
  });

  it('is refused once it has ended, and is said not to be given where the end was faster', async () => {
    const id = await delegate('Greet');
    const run = all.runner.of('Greet');
    run.delivery = undefined;
    const told = tell(id);
    await settled();
    run.complete('Hello.');
    await expect(told).rejects.toThrow(/^Too late: .* has ended \(completed\).*continue: /);
    expect(stored(id)?.state).toMatchObject({
      work: {caveat: expect.stringContaining('It ended before its agent was given')},
    });
    await expect(tell(id)).rejects.toThrow('Too late');
    expect(stored(id)?.messages).toHaveLength(1);
  });

  it('is said not to be given where it is cancelled first', async () => {
    const id = await delegate('Greet');
    await tell(id);
    await all.delegations.cancel(PROJECT, id);
    const {state} = stored(id) ?? {};
    expect(state).toMatchObject({
      status: 'cancelled',
      work: {caveat: expect.stringContaining('"In French."')},
    });
  });

  it('is refused where it cannot be written, is empty, too long, or too much', async () => {
    const id = await delegate('Greet');
    await expect(tell(id, ' ')).rejects.toThrow('empty');
    await expect(tell(id, 'x'.repeat(MAX_MESSAGE_CHARS + 1))).rejects.toThrow('the limit is 8,000');
    all.store.writeError = new Error('disk full');
    await expect(tell(id)).rejects.toThrow('could not be written');
    expect(all.runner.of('Greet').told).toEqual([]);
    all.store.writeError = undefined;
    for (let n = 1; n < MAX_MESSAGES; n += 1) await tell(id);
    await expect(tell(id)).rejects.toThrow(`told ${MAX_MESSAGES} things`);
  });

  it('is refused where OpenCode does not take it, and where another process runs it', async () => {
    const id = await delegate('Greet');
    all.runner.of('Greet').tellError = new Error('no');
    await expect(tell(id)).rejects.toThrow(/does not have it: no\. The record keeps it/);
    const other = aDelegation({owner: ELSEWHERE, state: {status: 'running', startedAt: Date.now()}});
    all.store.put(other);
    await expect(tell(other.id)).rejects.toThrow(/run by another process .*not given this/);
  });
});
