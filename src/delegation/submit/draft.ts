import {Refusal} from '../../base/errors.ts';
import {plainLine} from '../../base/safe-text.ts';
import type {ProcessIdentity} from '../../process/identity.ts';
import {problemWith} from '../../schema/check-schema.ts';
import {type Access, DEFAULT_ACCESS} from '../model/access.ts';
import {titleOf} from '../model/headline.ts';
import {ownerIn} from '../model/owner.ts';
import type {Limits} from '../run/limits.ts';
import {ceilingOf, checkCeilings} from './ceilings.ts';
import {checkTrust} from './check-trust.ts';
import {checkDirectory, checkPrompt, checkTimeout, type DelegateInput} from './input.ts';
import type {Draft} from './register.ts';
import {type WorkingPlace, workingPlaceOf} from './worktree-place.ts';

export interface DraftOptions {
  /** This process, in whose name delegations are run. */
  readonly owner: ProcessIdentity;
  readonly now: () => number;
  readonly limiting: Pick<Limits, 'whyNot'>;
}

/**
 * Checks a request and fills in what it leaves open. Starts and stores nothing.
 * @throws Refusal for what the caller can mend.
 */
export async function draftOf(
  request: DelegateInput,
  {owner, now, limiting}: DraftOptions,
): Promise<{readonly draft: Draft} & Pick<WorkingPlace, 'worktreeOf'>> {
  const {project, directory, prompt, client, agent, model, parent, continues, environment} = request;
  const {catalog, worktrees} = environment;
  const access = accessOf(request);
  checkPrompt(prompt);
  if (environment.isConfined && access === 'agent') {
    throw new Refusal(
      'OPENCODE_DELEGATE_SANDBOX is set, so that nothing but worktrees can be written, and access "agent" works in the directory itself. Nothing was started. Give access "worktree", or "read-only".',
    );
  }
  const expect = await expected(request.expect);
  const timeoutMs = checkTimeout(request.timeoutMinutes);
  const asked = checkCeilings(request);
  checkDirectory(directory);
  const over = await limiting.whyNot(environment);
  if (over !== undefined) throw new Refusal(over);
  const trusted = await checkTrust({...request, access}, environment);
  const {isPriced = true, ...choice} = await catalog.choose({
    ...{directory, access},
    ...(trusted !== undefined && {trusted}),
    ...(agent !== undefined && {agent}),
    ...(model !== undefined && {model}),
    ...(request.preferredModel !== undefined && {preferred: request.preferredModel}),
    ...(parent?.model !== undefined && {callerModel: parent.model}),
  });
  const {ceilings, notes: limits} = ceilingOf(asked, environment, {name: choice.model, isPriced});
  const {worktreeOf, notes: place} = await workingPlaceOf({...request, access}, worktrees);
  const notes = [...place, ...limits];
  // OpenCode may have taken its time to start, and the client has asked again.
  if (request.asking?.isCancelled()) throw new Refusal('The call was cancelled, so nothing was started.');
  const draft: Draft = {
    project,
    directory,
    access,
    ...(environment.where !== undefined && {where: {is: environment.where}}),
    ...choice,
    client,
    owner: ownerIn(owner, environment),
    ...(parent !== undefined && {parent}),
    ...(request.isTask === true && {isTask: true}),
    ...(trusted !== undefined && {trusted}),
    timeoutMs,
    ...(Object.keys(ceilings).length > 0 && {ceilings}),
    createdAt: now(),
    title: request.title === undefined ? titleOf(prompt) : plainLine(request.title),
    summary: '',
    state: {status: 'registered'},
    ...(continues !== undefined && {continues}),
    ...(request.knownAs !== undefined && {id: request.knownAs}),
    ...(notes.length > 0 && {notes}),
    ...(expect !== undefined && {expect}),
    prompt,
    text: '',
  };
  return {draft, worktreeOf};
}

/** @throws Refusal where what it is to touch cannot be had where it runs. */
function accessOf({access, environment, includeChanges}: DelegateInput): Access {
  if (environment.where === undefined) {
    if (includeChanges !== true) return access ?? DEFAULT_ACCESS;
    throw new Refusal(
      'include_changes is for what runs on another machine, with where "pool". Nothing was started. Here, access "agent" works with your files as they are.',
    );
  }
  if (access === undefined || access === 'worktree') return 'worktree';
  throw new Refusal(
    `What runs in the pool works in a worktree there, and its branch comes back: access "${access}" cannot be had. Nothing was started. Leave access out, or give where "here".`,
  );
}

/** The schema as it is kept. @throws Refusal for one that nothing can be checked against. */
async function expected(schema: unknown): Promise<string | undefined> {
  if (schema === undefined) return undefined;
  const problem = await problemWith(schema);
  if (problem === undefined) return JSON.stringify(schema);
  throw new Refusal(
    `expect is no JSON Schema that an answer can be checked against: ${problem}. Nothing was started.`,
  );
}
