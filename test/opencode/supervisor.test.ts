import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {describe, expect, it} from 'vitest';
import {spawnSupervised} from '../../src/opencode/server/supervisor.ts';
import {isAlive} from '../../src/process/alive.ts';
import {descendantsOf, eventually, processTable} from '../support/processes.ts';

/** A command that lives until it is ended, and says its number. */
async function start() {
  const script = 'console.log(process.pid); setInterval(() => {}, 1000)';
  const child = spawnSupervised({
    command: process.execPath,
    args: ['-e', script],
    cwd: tmpdir(),
    env: {PATH: process.env.PATH},
  });
  const [chunk] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  const shell = child.pid ?? 0;
  const server = Number(chunk.toString());
  const watchers = () => descendantsOf(shell, processTable()).filter((pid) => pid !== server);
  await eventually(() => watchers().length === 2);
  return {child, shell, server, watchers: watchers()};
}

describe('a supervised command', () => {
  it.each([0, 1])('ends with its owner although watcher %i was killed', async (which) => {
    const {child, server, watchers} = await start();
    process.kill(watchers[which] ?? 0, 'SIGKILL');
    await eventually(() => !isAlive(watchers[which] ?? 0));
    expect(isAlive(server)).toBe(true);
    child.stdin?.end();
    await eventually(() => !isAlive(server));
  });

  it('ends when the shell that stands for it is killed', async () => {
    const {child, shell, server} = await start();
    process.kill(shell, 'SIGKILL');
    await once(child, 'exit');
    await eventually(() => !isAlive(server));
  });

  it('leaves no watcher when it ends by itself', async () => {
    const {child, server, watchers} = await start();
    process.kill(server, 'SIGTERM');
    await once(child, 'exit');
    await eventually(() => watchers.every((pid) => !isAlive(pid)));
  });
});
