import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {connect} from '../support/client.ts';
import {blobOf, eachOf, PoolFleet, workOf} from '../support/pool-fleet.ts';
import {recordsIn} from '../support/sandbox.ts';

const MACHINES = 3;
const EACH = 50;
const SLOTS = 4;
const COUNT = MACHINES * EACH;

describe(`${MACHINES} workers and ${COUNT} delegations`, () => {
  let fleet: PoolFleet;

  beforeAll(async () => {
    fleet = await PoolFleet.open(MACHINES);
    await fleet.startWorkers(SLOTS);
  });
  afterAll(() => fleet.close());

  it('each run exactly once, with text and branch as their agents wrote them', {
    timeout: 900_000,
  }, async () => {
    const client = await connect(fleet.client, {env: {OPENCODE_DELEGATE_CONCURRENCY: '100'}});
    onTestFinished(() => client.close());
    const ids = new Map<number, string>();
    const texts = new Map<number, string | undefined>();
    await eachOf([0, COUNT], 2 * MACHINES * SLOTS, async (n) => {
      const id = await client.delegate(workOf(n).prompt, {where: 'pool'});
      ids.set(n, id);
      texts.set(n, (await client.read(id, {wait_seconds: 300})).blocks[1]);
    });
    expect(new Set(ids.values()).size).toBe(COUNT);
    const numbers = Array.from({length: COUNT}, (_, n) => n);
    expect(numbers.filter((n) => fleet.begun.get(n) !== 1)).toEqual([]);
    expect(numbers.filter((n) => texts.get(n) !== workOf(n).text)).toEqual([]);
    const {repository} = fleet;
    const tips = repository.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/delegation');
    expect(tips.split('\n').sort()).toEqual([...ids.values()].map((id) => `delegation/${id}`).sort());
    for (const n of numbers) {
      const {file, content} = workOf(n);
      const branch = `delegation/${ids.get(n)}`;
      expect(repository.git('diff', '--name-only', `main...${branch}`)).toBe(file);
      expect(repository.git('rev-parse', `${branch}:${file}`)).toBe(blobOf(content));
    }
    // Each machine has had its share.
    const workers = recordsIn(fleet.client).map((record) => /worker: (machine-\d)/.exec(record)?.[1]);
    expect(new Set(workers).size).toBe(MACHINES);
  });
});
