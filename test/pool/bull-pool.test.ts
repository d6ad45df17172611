import {expect, it} from 'vitest';
import {BullPool} from '../../src/pool/engine/bull-pool.ts';
import type {Desk, DeskJob} from '../../src/pool/engine/desk.ts';
import type {LeaseLines} from '../../src/pool/engine/lease-lines.ts';
import {TIMES} from '../../src/pool/engine/times.ts';

it('a job whose result is given while somebody asks how it stands has that result', async () => {
  const job = {id: 'swift-otter@1', owner: 'o', route: 'r', notAfter: 2, body: new Uint8Array()};
  const known = {job, claim: 'worker-1/1', claimedAt: 1, isOver: false, result: undefined, now: 1};
  const result = new Uint8Array([1]);
  const found: DeskJob[] = [known, {...known, result}];
  const desk = {find: async () => found.shift()};
  const lines = {state: async () => ({completedAt: 1})};
  const queue = new BullPool({
    ...{desk: desk as unknown as Desk, lines: lines as unknown as LeaseLines, times: TIMES},
    release: async () => {},
  });
  expect(await queue.standing(job.id)).toEqual({is: 'returned', at: 1, result});
  await queue.close();
});
