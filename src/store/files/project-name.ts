/** The one folder beside those of projects that is none: no project has this name. */
export const WORKTREES = 'worktrees';

const NAME = /^[A-Za-z0-9][\w-]*$/;

/** True for what the folder of a project can be called. */
export function isProjectName(name: string): boolean {
  return NAME.test(name) && name !== WORKTREES;
}
