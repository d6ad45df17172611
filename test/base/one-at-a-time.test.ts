import {setImmediate} from 'node:timers/promises';
import {expect, it} from 'vitest';
import {deferred} from '../../src/base/deferred.ts';
import {OneAtATime} from '../../src/base/one-at-a-time.ts';

it('does a thing once more when it is wanted, however often, while it is done, and never twice at once', async () => {
  const begun: ReturnType<typeof deferred<void>>[] = [];
  const one = new OneAtATime(() => {
    const doing = deferred<void>();
    begun.push(doing);
    return doing.promise;
  });
  one.want();
  one.want();
  one.want();
  expect(begun).toHaveLength(1);
  begun[0]?.resolve();
  await setImmediate();
  expect(begun).toHaveLength(2);
  begun[1]?.resolve();
  await setImmediate();
  expect(begun).toHaveLength(2);
  one.want();
  expect(begun).toHaveLength(3);
});
