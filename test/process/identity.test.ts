import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {describe, expect, it} from 'vitest';
import {identityOf, standingOf, thisProcess} from '../../src/process/identity.ts';

const onLinux = it.runIf(process.platform === 'linux');

/** A child that lives until the test is done with it. */
async function withChild(test: (pid: number, end: () => Promise<void>) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
  const ended = once(child, 'close');
  const end = async () => {
    child.stdin.end();
    await ended;
  };
  try {
    await test(child.pid ?? 0, end);
  } finally {
    await end();
  }
}

describe('a process', () => {
  onLinux('is alive until it is gone', async () => {
    await withChild(async (pid, end) => {
      const identity = identityOf(pid);
      expect(standingOf(identity)).toBe('alive');
      await end();
      expect(standingOf(identity)).toBe('gone');
    });
  });

  onLinux('is gone when another one has its number', async () => {
    await withChild(async (pid) => {
      const {started = 0, ...identity} = identityOf(pid);
      expect(standingOf({...identity, started: started - 1})).toBe('gone');
    });
  });

  onLinux('of an earlier boot is gone, whatever has its number now', () => {
    expect(standingOf({...thisProcess(), boot: 'another'})).toBe('gone');
  });

  onLinux('stays what it is when the machine gets another name', () => {
    expect(standingOf({...thisProcess(), hostname: 'renamed'})).toBe('alive');
  });

  it.each([
    ['on another machine', {boot: 'another', hostname: 'another'}],
    ['in another container', {space: 'another'}],
  ])('%s is nobody that can be judged', (_, differs) => {
    expect(standingOf({...thisProcess(), ...differs})).toBe('unknown');
  });

  it('of which no more than number and machine are known is gone when nobody has the number', async () => {
    const {hostname} = thisProcess();
    await withChild(async (pid, end) => {
      expect(standingOf({pid, hostname})).toBe('unknown');
      await end();
      expect(standingOf({pid, hostname})).toBe('gone');
      expect(standingOf({pid, hostname: 'another'})).toBe('unknown');
    });
  });
});
