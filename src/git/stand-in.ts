import {mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** What git looks up in the folder that worktrees share, besides what it is told of or finds by itself. */
const SHARED = ['info', 'worktrees'];

/**
 * Has git use another folder in place of the one that a repository shares among its worktrees: with the same objects,
 * and with a configuration of ours. References are where they were: git finds them by the worktree's own folder.
 * @param use is given the environment that tells git; the stand-in is gone when it has ended.
 */
export async function withStandIn<Result>(
  commonDir: string,
  config: string,
  use: (env: NodeJS.ProcessEnv) => Promise<Result>,
): Promise<Result> {
  const path = await mkdtemp(join(tmpdir(), 'opencode-delegate-as-git-'));
  try {
    await writeFile(join(path, 'config'), config, 'latin1');
    // Without it, git takes the folder for none of its own.
    await mkdir(join(path, 'refs'));
    for (const name of SHARED) await symlink(join(commonDir, name), join(path, name), 'junction');
    return await use({
      GIT_COMMON_DIR: path,
      GIT_OBJECT_DIRECTORY: join(commonDir, 'objects'),
      GIT_SHALLOW_FILE: join(commonDir, 'shallow'),
    });
  } finally {
    await rm(path, {recursive: true, force: true});
  }
}
