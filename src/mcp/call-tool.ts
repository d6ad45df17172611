import type {CallToolResult} from '@modelcontextprotocol/server';
import {asksOf} from '../delegation/delegation.ts';
import type {Delegations} from '../delegation/delegations.ts';
import {messageOf, Refusal} from '../delegation/errors.ts';
import {SHOWN_KEY, TOLD_KEY} from '../delegation/stamp.ts';
import type {Logger} from '../log.ts';
import type {ClientConnection} from './client-connection.ts';
import {renderUnread} from './render.ts';
import {renderUnanswered} from './render-asks.ts';
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
  const lines = await linesAtEnd(call, answer);
  const blocks = lines === '' ? answer.blocks : [...answer.blocks, lines];
  return {
    content: blocks.map((text) => ({type: 'text' as const, text})),
    ...(isError && {isError}),
    ...(call.caller !== undefined && {_meta: metaOf(answer)}),
  };
}

/** For the companion plugin, which need not tell it again. */
function metaOf({told, shown}: Answer): Record<string, unknown> {
  const last = shown && asksOf(shown).at(-1);
  return {
    ...(told !== undefined && {[TOLD_KEY]: told}),
    ...(last !== undefined && {[SHOWN_KEY]: {id: shown?.id, request: last.number}}),
  };
}

/** What else there is to know or to do: what waits for an answer, and what has ended unread. */
async function linesAtEnd({delegations, client, log}: Call, {told, shown}: Answer): Promise<string> {
  try {
    const project = await client.project();
    const blocked = delegations.blocked(project).filter(({id}) => id !== shown?.id);
    const unread = (await delegations.unread(project)).filter((id) => id !== told);
    return [renderUnanswered(blocked), renderUnread(unread)].filter((line) => line !== '').join('\n');
  } catch (error) {
    // The answer matters more than this line.
    log.warn(`unread delegations could not be listed: ${messageOf(error)}`);
    return '';
  }
}
