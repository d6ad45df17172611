import {resolve} from 'node:path';
import {Refusal} from '../../base/errors.ts';
import {realPath} from '../../base/real-path.ts';
import {type Access, DEFAULT_ACCESS} from '../model/access.ts';
import {type Continues, type Delegation, type DelegationHead, hasEnded} from '../model/delegation.ts';
import {titleOf} from '../model/headline.ts';
import type {Store} from '../model/ports.ts';
import type {Runner} from '../model/run.ts';
import type {EnteredPlace} from '../model/trust.ts';
import type {DelegationView} from '../model/view.ts';
import {checkTrust} from './check-trust.ts';
import {withHistory} from './history.ts';
import type {ContinueInput, DelegateInput} from './input.ts';
import {whereContinued} from './placed.ts';

/** What an interrupted agent is told where nobody has said anything else. */
export const GO_ON =
  'You were interrupted before you could finish. Look at how far you got, then go on and finish the task.';

export interface ContinueOptions {
  readonly store: Store;
  readonly get: (id: string) => Promise<{readonly delegation: Delegation}>;
  readonly list: () => Promise<readonly DelegationHead[]>;
  readonly delegate: (request: DelegateInput) => Promise<DelegationView>;
}

/**
 * Delegates in the session of a delegation that has ended.
 * @throws Refusal when it has not, has no session that could be gone on in, or somebody does so already.
 */
export async function continueIn(given: ContinueInput, options: ContinueOptions): Promise<DelegationView> {
  const {delegation: source} = await options.get(given.id);
  const request = {...given, environment: whereContinued(source, given)};
  const {project, environment} = request;
  const {runner, worktrees} = environment;
  const next = nextRequest(source, await inOwnWords(source, request));
  const place = await placeToContinue(next, source);
  const continues = await sessionToContinue(source, place, runner);
  return inFreeSession({...continues, project}, options, async () => {
    const worktree = source.worktree && (await worktrees.reopen(source.worktree));
    const told = environment.where === undefined ? next : withoutSession(source, next);
    return options.delegate({...told, continues, ...(worktree !== undefined && {worktree})});
  });
}

/** For an agent that knows nothing of it yet. It is called by what it is to do, and not by what it is told first. */
function withoutSession(source: Delegation, next: DelegateInput): DelegateInput {
  const {prompt, title = titleOf(prompt)} = next;
  return {...next, title, prompt: withHistory(source, prompt)};
}

/**
 * Where the session of an ended delegation works.
 * @throws Refusal when what OpenCode would run there may not run: it does as soon as it is asked.
 */
async function placeToContinue(next: DelegateInput, source: Delegation): Promise<EnteredPlace> {
  const {access = DEFAULT_ACCESS, environment} = next;
  const own = await checkTrust({...next, directory: source.directory, access}, environment);
  const {directory, checkout} = source.worktree ?? {directory: source.directory};
  const place = {directory, access, ...(checkout !== undefined && {checkout})};
  const trusted = checkout === undefined ? own : await checkTrust({...next, ...place}, environment);
  return {...place, continues: source.id, ...(trusted !== undefined && {trusted})};
}

/** The request with its directory as the delegation has it written, where both are the same folder. */
async function inOwnWords({directory: own}: Delegation, request: ContinueInput): Promise<ContinueInput> {
  const {directory} = request;
  if (directory === undefined) return request;
  return (await realPath(resolve(directory))) === (await realPath(resolve(own)))
    ? {...request, directory: own}
    : request;
}

/**
 * What is delegated next to continue an ended delegation, as far as that can be said before its session is found.
 * @throws Refusal when it cannot be continued like this.
 */
function nextRequest(source: Delegation, request: ContinueInput): DelegateInput {
  const {id, prompt, directory, access, ...rest} = request;
  checkKept(source, {directory, access});
  return {
    agent: source.agent,
    ...inheritedModel(source, request),
    directory: source.directory,
    access: access ?? source.access,
    ...inheritedCeilings(source),
    ...rest,
    ...nextPrompt(source, prompt),
    ...(rest.expect === undefined &&
      isUnsaid(prompt) &&
      source.expect !== undefined && {expect: JSON.parse(source.expect)}),
  };
}

/** By its name, where it was asked for by one that there still is: then others of that name can take over again. */
function inheritedModel(
  {model, modelName}: Delegation,
  {environment: {modelNames}}: ContinueInput,
): Pick<DelegateInput, 'model' | 'preferredModel'> {
  if (!modelNames.some(({name}) => name === modelName)) return {model};
  return {...(modelName !== undefined && {model: modelName}), preferredModel: model};
}

function inheritedCeilings({ceilings = {}}: Delegation): Pick<DelegateInput, 'maxCostUsd' | 'maxTokens'> {
  const {costUsd, tokens} = ceilings;
  return {
    ...(costUsd !== undefined && {maxCostUsd: costUsd}),
    ...(tokens !== undefined && {maxTokens: tokens}),
  };
}

/** @throws Refusal when it has not ended, or something is asked for that stays as it is. */
function checkKept(
  source: Delegation,
  {directory, access}: {readonly directory: string | undefined; readonly access: Access | undefined},
): void {
  const {id, state} = source;
  if (!hasEnded(state)) {
    throw new Refusal(
      `${id} has not ended (${state.status}), so it cannot be continued yet. delegation_read("${id}") waits for its end; delegation_cancel("${id}") stops it.`,
    );
  }
  if (directory !== undefined && directory !== source.directory) {
    throw new Refusal(
      `${id} works in ${source.directory}, and its session stays there. Leave directory out, or delegate without continue.`,
    );
  }
  if (access !== undefined && access !== source.access && [access, source.access].includes('worktree')) {
    throw new Refusal(
      `${id} has the access "${source.access}", and a worktree is another directory than its session is in. Leave access out, or delegate without continue.`,
    );
  }
}

/** @throws Refusal when nothing is said and it was not interrupted. */
function nextPrompt(
  {id, state, title}: Delegation,
  prompt: string | undefined,
): {readonly prompt: string; readonly title?: string} {
  if (!isUnsaid(prompt)) return {prompt};
  const isAtLimit = hasEnded(state) && state.atLimit !== undefined;
  if (state.status === 'interrupted' || isAtLimit) return {prompt: GO_ON, title};
  throw new Refusal(
    `${id} has ended as ${state.status}: say in prompt what its agent is to do next. Only one that was interrupted, or ended at a limit of cost or tokens, goes on without.`,
  );
}

/** True where the work itself is gone on with. What is asked for in words may have another answer than that. */
function isUnsaid(prompt: string | undefined): prompt is undefined {
  return prompt === undefined || prompt.trim() === '';
}

/**
 * The session in which an ended delegation is continued.
 * @throws Refusal when it has none, or OpenCode has it no longer.
 */
async function sessionToContinue(
  source: Delegation,
  place: EnteredPlace,
  runner: Runner,
): Promise<Continues> {
  const {id} = source;
  const sessionId = sessionOf(source);
  if (sessionId === undefined) {
    throw new Refusal(`${id} never had a session, so there is nothing to go on with. Delegate it again.`);
  }
  if (await runner.hasSession(sessionId, place)) return {id, sessionId};
  throw new Refusal(`OpenCode no longer has the session of ${id} (${sessionId}). Delegate it again.`);
}

/**
 * Runs the action while nobody else begins to go on in the same session.
 * @throws Refusal when somebody does so already and has not ended.
 */
async function inFreeSession<T>(
  {project, id, sessionId}: Continues & {readonly project: string},
  {store, list}: {store: Store; list: () => Promise<readonly DelegationHead[]>},
  action: () => Promise<T>,
): Promise<T> {
  const done = await store.exclusively(project, sessionId, async () => {
    const other = (await list()).find((head) => !hasEnded(head.state) && sessionOf(head) === sessionId);
    if (other !== undefined) throw taken(id, other);
    return {value: await action()};
  });
  if (done !== undefined) return done.value;
  throw new Refusal(
    `${id} is being continued by somebody else at this moment. delegation_list shows by what.`,
  );
}

/** The session that a delegation runs in, or will. */
function sessionOf({state, continues}: DelegationHead): string | undefined {
  return ('sessionId' in state ? state.sessionId : undefined) ?? continues?.sessionId;
}

function taken(id: string, {id: other, state}: DelegationHead): Refusal {
  return new Refusal(
    `The session of ${id} is in use: ${other}, which goes on in it, has not ended (${state.status}). delegation_read("${other}") waits for its end; delegation_cancel("${other}") stops it. Then continue "${other}".`,
  );
}
