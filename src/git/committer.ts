import type {RepositoryGit} from './repository-git.ts';

/** Who commits where git knows of nobody. */
const FALLBACK = {name: 'OpenCode Delegate', email: 'opencode-delegate@localhost'};

/** The user's own, or ours where git has none set: a name made up from account and host would be nobody's. */
export async function committerOf(git: RepositoryGit): Promise<NodeJS.ProcessEnv> {
  const own = await git.ask(['-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT']);
  if (own !== undefined) return {};
  return {
    GIT_AUTHOR_NAME: FALLBACK.name,
    GIT_AUTHOR_EMAIL: FALLBACK.email,
    GIT_COMMITTER_NAME: FALLBACK.name,
    GIT_COMMITTER_EMAIL: FALLBACK.email,
  };
}
