import {join} from 'node:path';
import {OpenCodeServer} from '../../src/opencode/server/server.ts';
import {FakeLog} from './fakes.ts';
import {completeHome, PREPARED_HOME} from './prepared-files.ts';
import {createSandbox, OPENCODE_BIN} from './sandbox.ts';

/**
 * Has OpenCode make its database once, for all sandboxes of a run to begin with, as people's homes do: making
 * it takes a fifth of a server's start.
 */
export default async function prepareHome(): Promise<() => Promise<void>> {
  // Every project of the configuration asks; the first one did it for all.
  if (process.env[PREPARED_HOME] !== undefined) return async () => {};
  const sandbox = createSandbox();
  const server = await OpenCodeServer.start({
    binary: OPENCODE_BIN,
    env: sandbox.env,
    cwd: sandbox.dataDir,
    worktrees: join(sandbox.dataDir, 'worktrees'),
    use: 'work',
    readOnlyTools: [],
    isAnswered: false,
    log: new FakeLog(),
    conceal: (text) => text,
  });
  await server.stop();
  completeHome(sandbox.env.HOME ?? '');
  process.env[PREPARED_HOME] = sandbox.env.HOME;
  return async () => {
    delete process.env[PREPARED_HOME];
    await sandbox.remove();
  };
}
