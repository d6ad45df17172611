import type {ShownDelegation} from '../../control/shown.ts';

/** What a session has delegated, newest first. */
export function ofSession(all: readonly ShownDelegation[], session: string): readonly ShownDelegation[] {
  return newestFirst(all.filter((shown) => shown.parent_session === session));
}

export function newestFirst(all: readonly ShownDelegation[]): readonly ShownDelegation[] {
  return [...all].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
}
