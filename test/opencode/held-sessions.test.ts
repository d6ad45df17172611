import {expect, it} from 'vitest';
import {HeldSessions} from '../../src/opencode/session/held-sessions.ts';

it('a session is free when the one who held it last has let go of it', async () => {
  const sessions = new HeldSessions();
  await sessions.free('ses_1');
  const order: string[] = [];
  const release = sessions.hold('ses_1');
  const free = sessions.free('ses_1').then(() => order.push('free'));
  await sessions.free('ses_2');
  order.push('another is free');
  release();
  await free;
  expect(order).toEqual(['another is free', 'free']);
  const again = sessions.hold('ses_1');
  // Letting go twice does not free what somebody else holds by now.
  release();
  const later = sessions.free('ses_1').then(() => order.push('free again'));
  await Promise.resolve();
  expect(order).toHaveLength(2);
  again();
  await later;
});
