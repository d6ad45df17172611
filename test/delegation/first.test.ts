import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, anEnd, ELSEWHERE} from '../support/fakes.ts';

const PROJECT = 'project';
const SESSION = 'ses_own';

let directory: string;
let all: ReturnType<typeof fakeDelegations>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'opencode-delegate-domain-'));
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'Date']});
  all = fakeDelegations({environment: {asking: {on: 'wait', ms: 600_000}}});
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, {recursive: true, force: true});
});

const settled = () => vi.advanceTimersByTimeAsync(0);

async function delegate(prompt: string, session?: string): Promise<string> {
  const {delegation} = await all.delegations.delegate({
    ...{project: PROJECT, environment: all.environment, directory, prompt, timeoutMinutes: 15},
    client: {name: 'vitest', version: '1'},
    ...(session !== undefined && {parent: {session, pid: 1}}),
  });
  await settled();
  return delegation.id;
}

/** Waits, and reads what it is given whole. */
const first = (given: {session?: string; ms?: number; signal?: AbortSignal} = {}) =>
  all.delegations.first({project: PROJECT, ms: 60_000, ...given}, async ({delegation}) => {
    await all.delegations.markRead(delegation);
    return delegation.id;
  });

const complete = (prompt: string) => all.runner.of(prompt).complete(`Answer to ${prompt}`);

describe('whoever waits for the first', () => {
  it('is given what ended unread before, the oldest end first', async () => {
    const [a, b] = [await delegate('A'), await delegate('B')];
    complete('B');
    await vi.advanceTimersByTimeAsync(10);
    complete('A');
    await settled();
    expect(await first()).toEqual({found: b});
    expect(await first()).toEqual({found: a});
    expect(await first()).toEqual({open: []});
  });

  it('is given the next end, or the next request, once', async () => {
    const [a, b] = [await delegate('A'), await delegate('B')];
    const ended = first();
    await settled();
    complete('B');
    expect(await ended).toEqual({found: b});
    const asked = first();
    await settled();
    all.runner.of('A').observer.asked('r', {kind: 'permission', what: 'bash', detail: ''});
    expect(await asked).toEqual({found: a});
    const again = first();
    await settled();
    complete('A');
    expect(await again).toEqual({found: a});
  });

  it('is told at once that there is nothing, and after its time what still runs', async () => {
    expect(await first()).toEqual({open: []});
    const a = await delegate('A');
    const waited = first({ms: 1_000});
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await waited).toMatchObject({open: [{id: a}]});
    expect(await first({signal: AbortSignal.abort()})).toMatchObject({open: [{id: a}]});
  });

  it('shares nothing with others who wait: each is given another end', async () => {
    const [a, b] = [await delegate('A'), await delegate('B')];
    const both = Promise.all([first(), first()]);
    await settled();
    complete('A');
    await settled();
    complete('B');
    expect((await both).map((one) => 'found' in one && one.found).sort()).toEqual([a, b].sort());
  });

  it('goes on waiting where another has read the end first, and comes back when nothing is left', async () => {
    await delegate('A');
    const [one, other] = [first(), first()];
    await settled();
    complete('A');
    expect(await Promise.all([one, other])).toContainEqual({open: []});
  });

  it('is given what is left of one whose result somebody has not read to the end', async () => {
    const a = await delegate('A');
    complete('A');
    await settled();
    const page = all.delegations.first({project: PROJECT, ms: 0}, async ({delegation}) => delegation.id);
    expect(await page).toEqual({found: a});
    expect(await first()).toEqual({found: a});
  });

  it('is given what its own session has delegated, and where that is nothing, what others have', async () => {
    const [other, own] = [await delegate('Other', 'ses_other'), await delegate('Own', SESSION)];
    complete('Other');
    const waited = first({session: SESSION});
    await settled();
    complete('Own');
    expect(await waited).toEqual({found: own});
    expect(await first({session: SESSION})).toEqual({found: other});
  });

  it('hears of what was delegated while it waits, and of what another process runs', async () => {
    await delegate('A');
    const waited = first();
    await settled();
    const b = await delegate('B');
    complete('B');
    expect(await waited).toEqual({found: b});
    const foreign = aDelegation({owner: ELSEWHERE, state: {status: 'running', startedAt: Date.now()}});
    all.store.put(foreign);
    const later = first();
    await settled();
    all.store.put({...foreign, state: anEnd()});
    await vi.advanceTimersByTimeAsync(500);
    expect(await later).toEqual({found: foreign.id});
  });
});
