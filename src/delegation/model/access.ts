/**
 * What a delegation may touch. `agent`: what its agent may, in the directory itself. `read-only`: it changes
 * nothing and reads nothing outside the directory. `worktree`: as `agent`, in a git worktree of its own.
 */
export const ACCESSES = ['agent', 'read-only', 'worktree'] as const;
export type Access = (typeof ACCESSES)[number];

export const DEFAULT_ACCESS: Access = 'agent';
