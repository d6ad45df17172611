import {expect, it} from 'vitest';
import {BullLease} from '../../src/pool/engine/bull-lease.ts';
import type {Desk} from '../../src/pool/engine/desk.ts';
import type {LeaseLines} from '../../src/pool/engine/lease-lines.ts';
import {LeaseLost} from '../../src/pool/queue/errors.ts';

it('a lease that was given up takes no result, though the database has not noticed yet', async () => {
  const asked: string[] = [];
  const desk = {keepResult: async () => void asked.push('keep'), touch: async () => {}};
  const lines = {complete: async () => void asked.push('complete')};
  const job = {id: 'swift-otter@1', owner: 'o', route: 'r', notAfter: 1, body: new Uint8Array()};
  const lease = new BullLease({
    ...{desk: desk as unknown as Desk, lines: lines as unknown as LeaseLines},
    ...{job, token: 'worker-1/1'},
  });
  lease.lose();
  await expect(lease.giveResult(new Uint8Array([1]))).rejects.toThrow(LeaseLost);
  expect(asked).toEqual([]);
});
