import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {isAlive} from '../../src/process/alive.ts';
import {eventually} from '../support/processes.ts';

describe('a process', () => {
  it('is alive while it runs', () => {
    expect(isAlive(process.pid)).toBe(true);
  });

  it('is not alive when it is gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'close');
    expect(isAlive(child.pid ?? 0)).toBe(false);
  });

  it.runIf(process.platform === 'linux')('is not alive as a zombie, which nobody has reaped', async () => {
    // The shell becomes a program that never asks what became of the child.
    const parent = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; exec tail -f /dev/null']);
    try {
      const [line] = await once(parent.stdout, 'data');
      const child = Number(String(line));
      expect(isAlive(child)).toBe(true);
      // Until then the shell may ask.
      await eventually(() => readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8').startsWith('tail'));
      process.kill(child, 'SIGKILL');
      await eventually(() => !isAlive(child));
      expect(() => process.kill(child, 0)).not.toThrow();
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
