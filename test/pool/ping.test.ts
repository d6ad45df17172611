import {describe, expect, it, vi} from 'vitest';
import {checkWorkers} from '../../src/cli/doctor/pool-workers.ts';
import {LETTERS_VERSION} from '../../src/pool/mail/letters.ts';
import {ping, sealedPong} from '../../src/pool/mail/ping.ts';
import {MemoryPool} from '../../src/pool/queue/memory-pool.ts';
import type {PoolQuestion, ServingOptions} from '../../src/pool/queue/queue.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import {presence} from '../../src/pool/worker/presence.ts';
import {FakeLog} from '../support/fakes.ts';

const group = GroupKey.create();
const owner = OwnerKey.create();
const SELF = {name: 'big', host: 'big', version: '1.2.3', opencode: '1.18.33'};
const ALL = {owners: 'all', repositories: 'all', agents: 'all'} as const;

describe('a question through each worker', () => {
  const pool = new MemoryPool();
  const queue = pool.connect();

  async function serving(
    answer?: ServingOptions['answer'],
    self = SELF,
  ): Promise<{cut(): void; end(): Promise<void>}> {
    const machine = pool.connect();
    const serving = await machine.serve(self, {
      ...{routes: 'all', owners: 'all', concurrency: 4, lease: async () => {}},
      ...(answer !== undefined && {answer}),
    });
    return {cut: () => machine.cut(), end: () => serving.drain()};
  }

  const findings = () => checkWorkers(queue, {keys: {group, owner}, version: '1.2.3', withinMs: 20});

  /** What is found of one worker that answers so. */
  async function found(answer?: ServingOptions['answer'], self = SELF) {
    const worker = await serving(answer, self);
    const all = await findings();
    await worker.end();
    expect(all).toHaveLength(1);
    return all[0];
  }

  const by = (given: Partial<Parameters<typeof presence>[1]> = {}) => {
    const options = {queue, group, self: SELF, allowed: ALL, log: new FakeLog(), ...given};
    return (question: PoolQuestion) => presence(question, options);
  };

  /** A worker that says something else of itself. */
  const saying =
    (given: Partial<Parameters<typeof sealedPong>[2]>) =>
    async (question: PoolQuestion): Promise<Uint8Array> =>
      sealedPong(question, group, {version: '1.2.3', opencode: '1.18.33', skewMs: 0, serves: true, ...given});

  it('says how long the answer took, with versions and clock', async () => {
    expect(await found(by())).toEqual({
      what: 'Pool worker big',
      is: 'ok',
      says: expect.stringMatching(
        /^It answers in \d+ ms: opencode-delegate 1\.2\.3, OpenCode 1\.18\.33; 0 of 4 busy\. Its clock differs from the database's by -?\d+ ms\.$/,
      ),
    });
  });

  it('asks all at once, and one that is silent does not hide the others', async () => {
    const [one, two] = [await serving(by()), await serving(by(), {...SELF, name: 'frozen'})];
    two.cut();
    const all = await findings();
    expect(all.map(({what, is}) => [what, is])).toEqual([
      ['Pool worker big', 'ok'],
      ['Pool worker frozen', 'failed'],
    ]);
    expect(all[1]?.says).toContain(
      'It has not answered in 0.02 s. It says of itself: opencode-delegate 1.2.3',
    );
    expect(all[1]?.cure).toContain('Look at its log');
    await Promise.all([one.end(), two.end()]);
  });

  it('names a worker that has another key', async () => {
    const log = new FakeLog();
    const finding = await found(by({group: GroupKey.create(), log}));
    expect(finding).toMatchObject({is: 'failed', cure: expect.stringContaining('group.key')});
    expect(log.lines.join()).toContain('sealed with another key');
  });

  it('names a worker that does not take the work of this owner', async () => {
    const allowed = {...ALL, owners: [OwnerKey.create().fingerprint]};
    const finding = await found(by({allowed}));
    expect(finding).toMatchObject({is: 'warning', cure: expect.stringContaining('--owners')});
    expect(await found(by({allowed: {...ALL, owners: [owner.fingerprint]}}))).toMatchObject({is: 'ok'});
  });

  it('tells other versions that go together from those that do not', async () => {
    expect(await found(saying({version: '1.3.0'}))).toMatchObject({
      is: 'ok',
      says: expect.stringContaining('This machine has 1.2.3, and both understand each other.'),
    });
    const later = await found(saying({version: '2.0.0', v: LETTERS_VERSION + 1}));
    expect(later).toMatchObject({is: 'failed', cure: 'Install the same opencode-delegate on both.'});
    expect(later?.says).toContain(
      `It speaks version ${LETTERS_VERSION + 1} of the pool's letters, and this machine ${LETTERS_VERSION}`,
    );
    expect(await found(saying({opencode: '2.0.1'}))).toMatchObject({
      is: 'warning',
      cure: 'Install OpenCode version 1.18 or later, before 2, on that machine.',
    });
  });

  it('finds a clock that is wrong', async () => {
    const now = vi.spyOn(queue, 'now').mockResolvedValue(Date.now() + 60_000);
    const finding = await found(by());
    now.mockRestore();
    expect(finding).toMatchObject({is: 'failed', cure: expect.stringContaining('NTP')});
    expect(finding?.says).toMatch(/differs from the database's by (59|60)\d{3} ms/);
  });

  it('does not take for an answer what was written without the key, or for another question', async () => {
    const old = ping({id: 'old', worker: 'big'}, {group, owner});
    const answers = [
      async () => Buffer.from('{"v":1,"is":"pong"}'),
      async () => saying({})(old),
      async (question: PoolQuestion) => question.body,
    ];
    for (const answer of answers) {
      expect(await found(answer)).toMatchObject({
        is: 'failed',
        says: expect.stringContaining("Its answer is none of the group's"),
      });
    }
  });

  it('is answered only by the worker that it is for', async () => {
    const question = ping({id: 'one', worker: 'small'}, {group, owner});
    expect(await by()({...question, worker: 'big'})).toHaveLength(0);
    expect(await by()({...question, id: 'two'})).toHaveLength(0);
    expect(await by()(question)).not.toHaveLength(0);
  });

  it('says that there is none', async () => {
    expect(await findings()).toEqual([expect.objectContaining({what: 'Pool workers', is: 'warning'})]);
  });
});
