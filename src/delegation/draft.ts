import {DEFAULT_ACCESS} from './access.ts';
import type {Owner} from './delegation.ts';
import {titleOf} from './headline.ts';
import type {Catalog} from './ports.ts';
import type {Draft} from './register.ts';
import {checkDirectory, checkPrompt, checkTimeout, type DelegateRequest} from './request.ts';
import type {Worktrees} from './worktree.ts';
import {type Place, placeOf} from './worktree-place.ts';

export interface DraftOptions {
  readonly catalog: Catalog;
  readonly worktrees: Worktrees;
  /** This process, in whose name delegations are run. */
  readonly owner: Owner;
  readonly now: () => number;
}

/**
 * Checks a request and fills in what it leaves open. Starts and stores nothing.
 * @throws Refusal for what the caller can mend.
 */
export async function draftOf(
  request: DelegateRequest,
  {catalog, worktrees, owner, now}: DraftOptions,
): Promise<{readonly draft: Draft} & Place> {
  const {project, directory, prompt, client, agent, model, parent, continues} = request;
  const access = request.access ?? DEFAULT_ACCESS;
  checkPrompt(prompt);
  const timeoutMs = checkTimeout(request.timeoutMinutes);
  await checkDirectory(directory);
  const choice = await catalog.choose({
    directory,
    ...(agent !== undefined && {agent}),
    ...(model !== undefined && {model}),
    ...(parent?.model !== undefined && {callerModel: parent.model}),
  });
  const place = await placeOf({...request, access}, worktrees);
  const draft: Draft = {
    project,
    directory,
    access,
    ...choice,
    client,
    owner,
    ...(parent !== undefined && {parent}),
    timeoutMs,
    createdAt: now(),
    title: request.title ?? titleOf(prompt),
    summary: '',
    state: {status: 'registered'},
    ...(continues !== undefined && {continues}),
    prompt,
    text: '',
  };
  return {draft, ...place};
}
