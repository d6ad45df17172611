import type {OpencodeClient, PermissionRuleset} from '@opencode-ai/sdk/v2/client';
import type {RunRequest} from '../delegation/ports.ts';
import {dataOf, done} from './answer.ts';
import {worktreeRules} from './in-worktree.ts';
import {splitModel} from './model-name.ts';
import {GUARD_MARK, READ_ONLY} from './read-only/marks.ts';
import {readOnlyRules} from './read-only/rules.ts';

/**
 * Creates the session of a delegation, with the rules that its access takes. Resolves with its id.
 * @throws when `read-only` is wanted and could not be held.
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
  const {id} = await dataOf(
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
  return id;
}

/**
 * Makes sure that a session which is gone on in is still held to its access: the agent may be another one, and
 * so may be the server.
 * @throws when `read-only` could not be held.
 */
export async function holdSession(
  client: OpencodeClient,
  sessionID: string,
  {request, readOnlyTools}: {request: RunRequest; readOnlyTools: readonly string[]},
): Promise<void> {
  const {access, directory, agent} = request;
  if (access !== 'read-only') return;
  // Rules can only be added; of those that fit, the last one wins.
  const permission = await rulesWithGuard(client, {directory, agent, tools: readOnlyTools});
  await done(client.session.update({sessionID, permission}));
}

async function rulesWithGuard(
  client: OpencodeClient,
  {directory, agent, tools}: {directory: string; agent: string; tools: readonly string[]},
): Promise<PermissionRuleset> {
  const [config, agents, registered] = await Promise.all([
    dataOf(client.config.get({directory})),
    dataOf(client.app.agents({directory})),
    dataOf(client.tool.ids({directory})),
  ]);
  if (config.agent?.[GUARD_MARK] === undefined) {
    throw new Error(
      'read-only cannot be held here, so nothing was run: OpenCode has not loaded the plugin that keeps links and searches inside the directory. It loads none while OPENCODE_PURE is set: unset it.',
    );
  }
  const known = agents.find(({name}) => name === agent);
  return readOnlyRules({agent: known?.permission ?? [], tools, registered});
}
