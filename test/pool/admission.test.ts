import {describe, expect, it} from 'vitest';
import {LETTERS_VERSION, type WorkOrder} from '../../src/pool/mail/letters.ts';
import {bytesOf} from '../../src/pool/mail/mail.ts';
import type {PoolJob} from '../../src/pool/queue/queue.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import {sealedJob} from '../../src/pool/seal/sealed-job.ts';
import {type Allowed, admitted} from '../../src/pool/worker/admission.ts';
import {TRAVEL} from '../support/pool-client.ts';

const group = GroupKey.create();
const owner = OwnerKey.create();
const ALL: Allowed = {owners: 'all', repositories: 'all', agents: 'all'};

function anOrder(given: Partial<WorkOrder> = {}): WorkOrder {
  return {
    ...{
      v: LETTERS_VERSION,
      delegation: 'swift-amber-otter',
      project: 'shop',
      prompt: 'Do it.',
      title: 'Do it',
    },
    ...{access: 'worktree', branch: 'delegation/swift-amber-otter', timeoutMs: 60_000, messages: []},
    travel: TRAVEL,
    ...given,
  };
}

function aJob({
  order = anOrder() as object,
  by = owner,
  sealedFor = group,
  repository = TRAVEL.repository,
} = {}): PoolJob {
  const plain = {
    id: 'swift-amber-otter@1',
    route: group.route(repository),
    notAfter: 1_000,
    body: bytesOf(order),
  };
  return sealedJob(plain, {group: sealedFor, owner: by});
}

const admit = (job: PoolJob, allowed: Partial<Allowed> = {}, now = 0) =>
  admitted(job, {group, allowed: {...ALL, ...allowed}, now});

describe('a worker', () => {
  it('takes what its owner has signed, for a repository and an agent that it serves', () => {
    const allowed = {owners: [owner.fingerprint], repositories: ['example.org/*'], agents: ['build']};
    expect(admit(aJob({order: anOrder({agent: 'build'})}), allowed)).toEqual(anOrder({agent: 'build'}));
  });

  it.each<[string, () => PoolJob, Partial<Allowed>, RegExp]>([
    ['of another group', () => aJob({sealedFor: GroupKey.create()}), {}, /sealed with another key/],
    [
      'of an owner that it does not serve',
      () => aJob({by: OwnerKey.create()}),
      {owners: [owner.fingerprint]},
      /is not among those that are served here/,
    ],
    [
      'that says it is of another owner',
      () => ({...aJob(), owner: OwnerKey.create().fingerprint}),
      {},
      /The worker refuses it/,
    ],
    [
      'that was copied under another id',
      () => ({...aJob(), id: 'other-amber-otter@1'}),
      {},
      /The worker refuses it/,
    ],
    ['that was given more time', () => ({...aJob(), notAfter: 9_000}), {}, /The worker refuses it/],
    [
      'that lies in the line of another repository',
      () => aJob({repository: 'example.org/other'}),
      {},
      /for another repository/,
    ],
    [
      'for a repository that it does not serve',
      () => aJob(),
      {repositories: ['example.org/other', 'github.com/*']},
      /does not serve the repository example\.org\/shop/,
    ],
    [
      'for an agent that it does not run',
      () => aJob({order: anOrder({agent: 'plan'})}),
      {agents: ['build']},
      /does not run the agent "plan": it runs build/,
    ],
    [
      'that names no agent where only some run',
      () => aJob(),
      {agents: ['build']},
      /does not run work that names no agent/,
    ],
    ['with another access', () => aJob({order: {...anOrder(), access: 'agent'}}), {}, /access/],
    [
      'of a later version',
      () => aJob({order: {...anOrder(), v: LETTERS_VERSION + 1}}),
      {},
      /later opencode-delegate: that speaks version 2 .*, and this one 1/,
    ],
    ['that would lead git elsewhere', () => aJob({order: anOrder({branch: 'main'})}), {}, /branch/],
  ])('refuses in words a job %s', (_, job, allowed, words) => {
    expect(() => admit(job(), allowed)).toThrow(words);
    expect(() => admit(job(), allowed)).toThrow('Nothing was begun.');
  });

  it('refuses what came too late', () => {
    expect(() => admit(aJob(), {}, 1_001)).toThrow('It came too late');
  });
});
