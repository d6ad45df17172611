import type {OpencodeClient, PermissionRuleset} from '@opencode-ai/sdk/v2/client';
import type {RunRequest} from '../../delegation/model/run.ts';
import {goneFile, isHost} from '../../loaded-by-opencode.ts';
import {GUARD_MARK, NO_PROJECT_MARK, READ_ONLY} from '../read-only/marks.ts';
import {readOnlyRules} from '../read-only/rules.ts';
import {dataOf, done} from '../wire/answer.ts';
import {splitModel} from '../wire/model-name.ts';
import {worktreeRules} from './in-worktree.ts';
import {checkPlace, checkSamePlace} from './right-place.ts';

/** What a prompt carries where it changes the rules of its session. */
export interface PromptRules {
  readonly tools?: Readonly<Record<string, boolean>>;
}

/**
 * The one way to take back the rules of a session: `tools` in a prompt replaces them all, here by one about a tool
 * that is none. Rules that allow everything again, added to the others, would not do: the agents below the session
 * inherit all that is denied.
 */
const NO_RULES = {'opencode-delegate-none': false};

/**
 * Creates the session of a delegation, with the rules that its access takes. Resolves with its id.
 * @throws when OpenCode would work elsewhere, or `read-only` is wanted and could not be held.
 */
export async function createSession(
  client: OpencodeClient,
  request: RunRequest,
  {readOnlyTools}: {readOnlyTools: readonly string[]},
): Promise<string> {
  const {directory, agent, model, title, delegationId, access, parentSession} = request;
  const {providerID, modelID} = splitModel(model);
  const permission =
    access === 'read-only'
      ? await rulesWithGuard(client, {directory, agent, tools: readOnlyTools})
      : worktreeRules(request);
  const {id, directory: worksIn} = await dataOf(
    client.session.create({
      directory,
      title,
      agent,
      model: {id: modelID, providerID},
      metadata: {delegation: delegationId, ...(access === 'read-only' && {access: READ_ONLY})},
      ...(parentSession !== undefined && {parentID: parentSession}),
      ...(permission.length > 0 && {permission}),
    }),
  );
  await checkSamePlace(worksIn, directory);
  return id;
}

/**
 * Holds a session which is gone on in to its access: the agent may be another one, and so may be the access and the
 * server. Resolves with what the prompt has to carry for that.
 * @throws when the session is elsewhere, or `read-only` could not be held.
 */
export async function holdSession(
  client: OpencodeClient,
  sessionID: string,
  {request, readOnlyTools}: {request: RunRequest; readOnlyTools: readonly string[]},
): Promise<PromptRules> {
  const {access, directory, agent} = request;
  const {
    permission: rules = [],
    metadata,
    directory: worksIn,
  } = await dataOf(client.session.get({sessionID}));
  await checkSamePlace(worksIn, directory);
  if (access === 'worktree') return {};
  if (access === 'agent') return rules.length > 0 ? {tools: NO_RULES} : {};
  // Rules can only be added; of those that fit, the last one wins.
  const permission = await rulesWithGuard(client, {directory, agent, tools: readOnlyTools});
  await done(client.session.update({sessionID, permission, metadata: {...metadata, access: READ_ONLY}}));
  return {};
}

async function rulesWithGuard(
  client: OpencodeClient,
  {directory, agent, tools}: {directory: string; agent: string; tools: readonly string[]},
): Promise<PermissionRuleset> {
  await checkPlace(client, directory);
  const [config, agents, registered] = await Promise.all([
    dataOf(client.config.get({directory})),
    dataOf(client.app.agents({directory})),
    dataOf(client.tool.ids({directory})),
  ]);
  const problem = problemIn(config.agent ?? {});
  if (problem !== undefined) throw new Error(`read-only cannot be held here, so nothing was run: ${problem}`);
  const known = agents.find(({name}) => name === agent);
  return readOnlyRules({agent: known?.permission ?? [], tools, registered});
}

/** Why a server whose configuration has these agents cannot hold `read-only`, and what to do. */
function problemIn(agents: Readonly<Record<string, unknown>>): string | undefined {
  const missing = [GUARD_MARK, NO_PROJECT_MARK].find((mark) => agents[mark] === undefined);
  if (missing === undefined) return undefined;
  const gone = goneFile();
  if (gone !== undefined)
    return `${gone} is gone: opencode-delegate was upgraded, moved or removed while ${isHost() ? 'its background process ran. End that process (`opencode-delegate stop`), and start' : 'it ran. Start'} the client again.`;
  if (missing === GUARD_MARK)
    return 'OpenCode has not loaded the plugin that keeps links and searches inside the directory. It loads none while OPENCODE_PURE is set: unset it.';
  return 'this OpenCode does not let what the project configures be left out. Use OpenCode 1.18 (`npm install -g opencode-ai@1.18`), or give access agent or worktree.';
}
