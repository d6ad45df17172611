import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import {z} from 'zod';
import {Refusal} from '../../base/errors.ts';
import {quotedLines} from '../../base/safe-text.ts';
import type {Delegations} from '../../delegation/delegations.ts';
import {asksOf, type Delegation, type Ended, hasEnded} from '../../delegation/model/delegation.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import {declaredIn, showsForms} from '../connection/capabilities.ts';
import {endedTask, toldInFull} from './ended-task.ts';
import {repliesIn} from './input.ts';
import {inputRequiredTask, workingTask} from './task.ts';

/** Of protocol 2026-07-28. The tasks of 2025-11-25 are something else, which we do not offer. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

export interface TasksOptions {
  readonly delegations: Pick<Delegations, 'get' | 'cancel' | 'reply' | 'markRead'>;
  /** The project whose delegations the client sees. */
  readonly project: (id: string) => Promise<string>;
  /** Where the client works. */
  readonly directory: () => Promise<string>;
}

const taskRequest = z.looseObject({taskId: z.string()});
const result = z.looseObject({});

/** True when the request itself says that its client knows tasks: what it said before does not count. */
export function declaresTasks(context: ServerContext): boolean {
  return declaredIn(context)?.extensions?.[TASKS_EXTENSION] !== undefined;
}

/** Every delegation is a task of the same id, however it was started: its record is what makes it last. */
export function serveTasks(server: Server, {delegations, project, directory}: TasksOptions): void {
  const find = async (taskId: string, context: ServerContext): Promise<DelegationView> => {
    if (!declaresTasks(context)) throw undeclared();
    try {
      return await delegations.get(await project(taskId), taskId);
    } catch (error) {
      throw asProtocolError(error, ProtocolErrorCode.InvalidParams);
    }
  };

  server.setRequestHandler('tasks/get', {params: taskRequest, result}, async ({taskId}, context) => {
    const view = await find(taskId, context);
    const {delegation} = view;
    if (!isEnded(delegation)) {
      const waits = asksOf(delegation).length > 0 && showsForms(declaredIn(context));
      return {...(waits ? inputRequiredTask : workingTask)(view, Date.now())};
    }
    // The mark is known at once; the client need not wait until it is on disk too.
    if (toldInFull(delegation)) void delegations.markRead(delegation);
    return endedTask(delegation, await directory());
  });

  server.setRequestHandler('tasks/cancel', {params: taskRequest, result}, async ({taskId}, context) => {
    const {delegation} = await find(taskId, context);
    try {
      await delegations.cancel(delegation.project, delegation.id);
    } catch (error) {
      throw asProtocolError(error, ProtocolErrorCode.InternalError);
    }
    return {};
  });

  server.setRequestHandler('tasks/update', {params: taskRequest, result}, async ({taskId}, context) => {
    const {delegation} = await find(taskId, context);
    // The SDK takes them out of the parameters, as it does for every request that is sent again with responses.
    const {inputResponses = {}} = context.mcpReq;
    try {
      for (const reply of repliesIn(inputResponses, delegation)) {
        await delegations.reply(delegation.project, delegation.id, reply);
      }
    } catch (error) {
      throw asProtocolError(error, ProtocolErrorCode.InvalidParams);
    }
    return {};
  });
}

function isEnded(delegation: Delegation): delegation is Delegation & {readonly state: Ended} {
  return hasEnded(delegation.state);
}

function undeclared(): ProtocolError {
  return new MissingRequiredClientCapabilityError(
    {requiredCapabilities: {extensions: {[TASKS_EXTENSION]: {}}}},
    `Tasks are for clients that declare ${TASKS_EXTENSION} with the request. Without it: delegation_read.`,
  );
}

/** Refusals are what the client can mend; all else is a fault, which the SDK reports as one. */
function asProtocolError(error: unknown, code: ProtocolErrorCode): unknown {
  return error instanceof Refusal ? new ProtocolError(code, quotedLines(error.message)) : error;
}
