import {z} from 'zod';
import {Refusal} from '../../base/errors.ts';
import type {Stamp} from '../../contract/stamp.ts';
import {ACCESSES} from '../../delegation/model/access.ts';
import {MAX_TIMEOUT_MINUTES, type Parent} from '../../delegation/model/delegation.ts';
import {PLACES} from '../../delegation/model/elsewhere.ts';
import type {Environment} from '../../delegation/model/ports.ts';
import type {ModelName} from '../../settings/model-names.ts';
import {defineTool, type Tool} from '../calls/tool.ts';
import {renderStarted} from '../render/render.ts';
import {nameArgument, pathArgument} from './names.ts';

const DEFAULT_TIMEOUT_MINUTES = 15;
/** The one relative path whose meaning is beyond doubt. */
const HERE = /^\s*\.\/?\s*$/;

/** The definition of a tool with the names that models can be asked for by, where a model is asked for. */
export function withModelNames(
  definition: Tool['definition'],
  names: readonly ModelName[],
): Tool['definition'] {
  if (definition.name !== delegate.definition.name || names.length === 0) return definition;
  const known = names.map(({name}) => name).join(', ');
  const model = {type: 'string', description: `${known}, or provider/model.`};
  const {properties, ...schema} = definition.inputSchema;
  return {...definition, inputSchema: {...schema, properties: {...Object(properties), model}}};
}

/** What is offered only where the client has a pool. */
const POOL_ARGUMENTS = ['where', 'include_changes'];

/** The definition of a tool with the places that work can be delegated to, where there is more than one. */
export function withPlaces(definition: Tool['definition'], pool: Environment['pool']): Tool['definition'] {
  if (definition.name !== delegate.definition.name || pool === undefined) return definition;
  const [here, there] = pool.isDefault ? ['here', 'pool (default)'] : ['here (default)', 'pool'];
  const where = {
    type: 'string',
    enum: [...PLACES],
    description: `${here}, or ${there}: on another machine, from the last commit; a branch comes back.`,
  };
  const changes = {type: 'boolean', description: 'In the pool: also what is not committed.'};
  const {properties, ...schema} = definition.inputSchema;
  return {
    ...definition,
    inputSchema: {...schema, properties: {...Object(properties), where, include_changes: changes}},
  };
}

export const delegate = defineTool({
  name: 'delegate',
  title: 'Delegate work to a background agent',
  description:
    'Starts a background OpenCode agent and returns its id at once. For work that goes on without you: research, reviews, changes in files nobody else edits. delegation_read returns the result.',
  annotations: {readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true},
  unlisted: POOL_ARGUMENTS,
  input: z.object({
    prompt: z.string().optional().describe('The whole task: the agent sees none of this conversation.'),
    agent: nameArgument().optional().describe("A primary one. Default: the configuration's."),
    model: nameArgument().optional().describe('As provider/model.'),
    directory: pathArgument().optional().describe('Absolute path. Default: where this client works.'),
    access: z
      .enum(ACCESSES)
      .optional()
      .describe(
        'agent (default): its normal permissions. read-only: changes nothing, reads only in the directory. worktree: on a git branch of its own.',
      ),
    continue: nameArgument()
      .optional()
      .describe(
        'Id of an ended delegation whose agent is to go on, as before unless said. An interrupted one needs no prompt.',
      ),
    expect: z
      .any()
      .optional()
      .meta({type: 'object'})
      .describe('JSON Schema of the answer; that JSON is the result.'),
    timeout_minutes: z
      .number()
      .max(MAX_TIMEOUT_MINUTES)
      .default(DEFAULT_TIMEOUT_MINUTES)
      .describe(`Minutes of work. Default: ${DEFAULT_TIMEOUT_MINUTES}.`),
    where: z.enum(PLACES).optional(),
    include_changes: z.boolean().optional(),
    max_cost_usd: z.number('must be a number of US dollars, as 0.5').optional(),
    max_tokens: z.number('must be a number, as 50000').optional(),
  }),
  async call({prompt, directory, continue: id, ...input}, context) {
    const {delegations, client, caller, environment, signal, isCancelled, askTrust, knowsTasks} = context;
    const {agent, model, access, expect, timeout_minutes, max_cost_usd, max_tokens} = input;
    const {where, include_changes: includeChanges} = input;
    const parent = caller && parentOf(caller.stamp);
    const isHere = directory !== undefined && HERE.test(client.path(directory));
    const place = isHere ? await client.workingDirectory() : directory && client.path(directory);
    const request = {
      project: await client.project(id),
      environment,
      ...(access !== undefined && {access}),
      ...(where !== undefined && {where}),
      ...(includeChanges !== undefined && {includeChanges}),
      ...(agent !== undefined && {agent}),
      ...(model !== undefined && {model}),
      ...(expect !== undefined && {expect}),
      timeoutMinutes: timeout_minutes,
      ...(max_cost_usd !== undefined && {maxCostUsd: max_cost_usd}),
      ...(max_tokens !== undefined && {maxTokens: max_tokens}),
      client: client.identity,
      ...(knowsTasks && {isTask: true}),
      asking: {signal, isCancelled},
      ...(askTrust !== undefined && {askTrust}),
      ...(parent !== undefined && {parent}),
      ...(caller?.loaded !== undefined && {
        loaded: {directory: caller.directory, digest: caller.loaded},
      }),
    };
    const view = await (id === undefined
      ? delegations.delegate({
          ...request,
          prompt: prompt ?? '',
          directory: place ?? (await client.workingDirectory()),
        })
      : delegations.continue({
          ...request,
          id,
          ...(prompt !== undefined && {prompt}),
          ...(place !== undefined && {directory: place}),
        }));
    return {blocks: [renderStarted(view, Date.now())], started: view};
  },
});

function parentOf({isChild, ...parent}: Stamp): Parent {
  if (!isChild) return parent;
  throw new Refusal(
    "This session was opened by another one. Delegating to the background belongs to parent sessions; a subagent uses OpenCode's own task flow, or does the work itself.",
  );
}
