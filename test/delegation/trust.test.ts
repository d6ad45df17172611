import {tmpdir} from 'node:os';
import {beforeEach, describe, expect, it, vi} from 'vitest';
import type {Access} from '../../src/delegation/model/access.ts';
import type {BroughtCode, LoadedCode, TrustQuestion} from '../../src/delegation/model/trust.ts';
import {distrust} from '../../src/delegation/submit/check-trust.ts';
import {fakeDelegations} from '../support/fake-delegations.ts';
import {aDelegation, anEnd, aWorktree, GONE} from '../support/fakes.ts';

const HERE = tmpdir();

let fakes: ReturnType<typeof fakeDelegations>;

beforeEach(() => {
  fakes = fakeDelegations({concurrency: 1});
});

const codeOf = (digest: string, names = ['plugin a.js']): BroughtCode => ({
  ...{root: HERE, digest, names},
});

const request = (given: {
  prompt?: string;
  access?: Access;
  loaded?: LoadedCode;
  askTrust?: (question: TrustQuestion) => boolean;
}) => ({
  ...{project: 'project', environment: fakes.environment, directory: HERE, prompt: 'Go', timeoutMinutes: 15},
  client: {name: 'c', version: '1'},
  ...given,
});

const delegate = (given: Parameters<typeof request>[0] = {}) => fakes.delegations.delegate(request(given));

describe('code that nobody has allowed', () => {
  it('is refused before OpenCode is asked for anything, and the first few of it are named', async () => {
    fakes.trust.brought.set(HERE, codeOf('1', ['a', 'b', 'c', 'd', 'e', 'f', 'g']));
    await expect(delegate()).rejects.toThrow(
      /^"\/tmp" brings code .*: "a", "b", "c", "d", "e" and 2 more\. .* `opencode-delegate trust \/tmp` .* Nothing was started\.$/,
    );
    expect(fakes.catalog.requests).toEqual([]);
  });

  it('runs when the process that is asked says yes, which is remembered', async () => {
    fakes.trust.brought.set(HERE, codeOf('1'));
    const asked: TrustQuestion[] = [];
    const askTrust = (question: TrustQuestion) => asked.push(question) > 1;
    await expect(delegate({askTrust})).rejects.toThrow('Nobody has allowed that');
    await delegate({askTrust});
    await delegate();
    expect(asked.map(({digest}) => digest)).toEqual(['1', '1']);
    fakes.trust.brought.set(HERE, codeOf('2'));
    await expect(delegate()).rejects.toThrow('Nobody has allowed that');
  });

  it('runs for the OpenCode that runs the same, and is not remembered', async () => {
    fakes.trust.brought.set(HERE, codeOf('1')).set('/caller', codeOf('1')).set('/other', codeOf('2'));
    const loaded = {directory: '/caller', digest: '1'};
    for (const else_ of [{directory: '/other'}, {directory: '/nothing'}, {digest: '2'}]) {
      await expect(delegate({loaded: {...loaded, ...else_}})).rejects.toThrow('Nobody has allowed that');
    }
    const {delegation} = await delegate({loaded});
    expect(fakes.store.stored(delegation.id)?.trusted).toBe('1');
    expect(fakes.trust.allowed).toEqual([]);
    (await vi.waitFor(() => fakes.runner.of('Go'))).complete('done');
    const ended = await fakes.delegations.wait({project: 'project', id: delegation.id, ms: 5_000});
    expect(ended.delegation.state.status).toBe('completed');
  });

  it('is said where something else is there than what was allowed', async () => {
    const place = {directory: HERE, access: 'agent'} as const;
    expect(await distrust(place, fakes.trust)).toBeUndefined();
    fakes.trust.brought.set(HERE, codeOf('1')).set('/worktree', codeOf('2'));
    expect(await distrust({...place, trusted: '1'}, fakes.trust)).toBeUndefined();
    expect(await distrust(place, fakes.trust)).toContain('`opencode-delegate trust /tmp`');
    const apart = {...place, directory: '/worktree', checkout: HERE, trusted: '1'};
    expect(await distrust(apart, fakes.trust)).toContain('It is about what is committed there');
    expect(await distrust({...apart, continues: 'swift-amber-otter'}, fakes.trust)).toContain(
      '`opencode-delegate trust /worktree`',
    );
    await fakes.trust.allow(codeOf('2'));
    expect(await distrust(apart, fakes.trust)).toBeUndefined();
  });

  it('is looked for again by the one who runs what has waited, who gets what was allowed', async () => {
    fakes.trust.brought.set(HERE, codeOf('1')).set('/caller', codeOf('1'));
    await delegate({loaded: {directory: '/caller', digest: '1'}});
    const {request} = await vi.waitFor(() => fakes.runner.of('Go'));
    expect(request).toMatchObject({directory: HERE, trusted: '1'});
    expect(fakes.catalog.requests[0]).toMatchObject({directory: HERE, trusted: '1'});
  });

  it.each(['agent', 'worktree'] as const)(
    'keeps a session with access %s from being looked for',
    async (access) => {
      const worktree = aWorktree({checkout: HERE, directory: '/worktree'});
      const isApart = access === 'worktree';
      fakes.store.put(aDelegation({directory: HERE, access, state: anEnd(), ...(isApart && {worktree})}));
      fakes.trust.brought.set(isApart ? '/worktree' : HERE, codeOf('1'));
      const {directory: _, ...rest} = request({prompt: 'More'});
      await expect(fakes.delegations.continue({...rest, id: 'swift-amber-otter'})).rejects.toThrow(
        `trust ${isApart ? '/worktree' : HERE}`,
      );
      expect(fakes.worktrees.asked).toEqual([]);
    },
  );

  it('does not keep a lost run open, for it does not run when somebody asks what became of that', async () => {
    const state = {status: 'running', startedAt: 1, sessionId: 'ses_1'} as const;
    fakes.store.put(aDelegation({directory: HERE, owner: GONE, state}));
    fakes.trust.brought.set(HERE, codeOf('1'));
    await fakes.delegations.recover();
    expect(fakes.runner.lost).toHaveLength(1);
    expect(fakes.store.stored('swift-amber-otter')?.state.status).toBe('interrupted');
  });
});
