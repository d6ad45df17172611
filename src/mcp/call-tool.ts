import type {CallToolResult} from '@modelcontextprotocol/server';
import type {Delegations} from '../delegation/delegations.ts';
import {messageOf, Refusal} from '../delegation/errors.ts';
import {TOLD_KEY} from '../delegation/stamp.ts';
import type {Logger} from '../log.ts';
import type {ClientConnection} from './client-connection.ts';
import {renderUnread} from './render.ts';
import {createdTask} from './tasks/task.ts';
import type {Answer, Tool, ToolContext} from './tool.ts';

export interface Call extends ToolContext {
  readonly delegations: Delegations;
  readonly client: ClientConnection;
  readonly log: Logger;
  /** True when the client has declared the tasks extension with this very request. */
  readonly knowsTasks: boolean;
}

/** The one place that checks input, turns errors into results, and adds what is still unread. */
export async function callTool(tool: Tool, input: unknown, call: Call): Promise<CallToolResult> {
  const {log} = call;
  let answer: Answer;
  let isError = false;
  try {
    answer = await tool.call(input, call);
  } catch (error) {
    isError = true;
    if (!(error instanceof Refusal))
      log.error(`${tool.definition.name}: ${error instanceof Error ? error.stack : error}`);
    answer = {
      blocks: [
        error instanceof Refusal ? error.message : `A fault in opencode-delegate: ${messageOf(error)}`,
      ],
    };
  }
  if (answer.started !== undefined && call.knowsTasks) return createdTask(answer.started, Date.now());
  const unread = await unreadLine(call, answer.told);
  const blocks = unread === '' ? answer.blocks : [...answer.blocks, unread];
  return {
    content: blocks.map((text) => ({type: 'text' as const, text})),
    ...(isError && {isError}),
    // For the companion plugin, which need not tell it again.
    ...(call.caller !== undefined && answer.told !== undefined && {_meta: {[TOLD_KEY]: answer.told}}),
  };
}

async function unreadLine({delegations, client, log}: Call, told: string | undefined): Promise<string> {
  try {
    const ids = await delegations.unread(await client.project());
    return renderUnread(ids.filter((id) => id !== told));
  } catch (error) {
    // The answer matters more than this line.
    log.warn(`unread delegations could not be listed: ${messageOf(error)}`);
    return '';
  }
}
