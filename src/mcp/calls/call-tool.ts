import {
  type CallToolResult,
  type InputRequiredResult,
  inputRequired,
  ProtocolError,
} from '@modelcontextprotocol/server';
import {ENDING_CODE} from '../../base/ending-code.ts';
import {EndingError, messageOf, Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {manyLines, quotedLines} from '../../base/safe-text.ts';
import {SHOWN_KEY, TOLD_KEY} from '../../contract/stamp.ts';
import type {Delegations} from '../../delegation/delegations.ts';
import {asksOf} from '../../delegation/model/delegation.ts';
import type {ClientConnection} from '../connection/client-connection.ts';
import {keptRefusal} from '../connection/refused.ts';
import {renderUnanswered} from '../render/asks.ts';
import {renderUnread} from '../render/render.ts';
import {createdTask} from '../tasks/task.ts';
import type {Tool, ToolAnswer, ToolContext, Verbatim} from './tool.ts';
import {InputNeeded} from './trust-question.ts';

export interface Call extends ToolContext {
  readonly delegations: Delegations;
  readonly client: ClientConnection;
  readonly log: Logger;
  /** What the client is to be told, the first time that it is asked for. */
  readonly takeNotice: () => string | undefined;
}

/** The one place that checks input, turns errors into results, and adds what is still unread. */
export async function callTool(
  tool: Tool,
  input: unknown,
  call: Call,
): Promise<CallToolResult | InputRequiredResult> {
  const {log} = call;
  let answer: ToolAnswer;
  let isError = false;
  try {
    answer = await tool.call(input, call);
  } catch (error) {
    if (error instanceof EndingError) throw sentOn(error);
    if (error instanceof InputNeeded) return inputRequired({inputRequests: error.requests});
    isError = true;
    if (!(error instanceof Refusal))
      log.error(`${tool.definition.name}: ${error instanceof Error ? error.stack : error}`);
    answer = {
      blocks: [
        quotedLines(
          keptRefusal(
            error instanceof Refusal ? error.message : `A fault in opencode-delegate: ${messageOf(error)}`,
          ),
        ),
      ],
    };
  }
  if (answer.started !== undefined && call.knowsTasks) return createdTask(answer.started, Date.now());
  const lines = await linesAtEnd(call, answer);
  const blocks = [...answer.blocks, call.takeNotice() ?? '', lines].filter((block) => block !== '');
  return {
    content: blocks.map((block) => ({type: 'text' as const, text: textOf(block)})),
    ...(isError && {isError}),
    ...(call.caller !== undefined && {_meta: metaOf(answer)}),
  };
}

/** A bridge sends the call on to the next host. */
function sentOn(error: EndingError): ProtocolError {
  return Object.assign(new ProtocolError(ENDING_CODE, error.message), {cause: error});
}

/** Whatever is in a text of ours, nothing of it is hidden or moves a cursor. */
function textOf(block: string | Verbatim): string {
  return typeof block === 'string' ? manyLines(block) : block.verbatim;
}

/** For the companion plugin, which need not tell it again. */
function metaOf({told, shown}: ToolAnswer): Record<string, unknown> {
  const last = shown && asksOf(shown).at(-1);
  return {
    ...(told !== undefined && {[TOLD_KEY]: told}),
    ...(last !== undefined && {[SHOWN_KEY]: {id: shown?.id, request: last.number}}),
  };
}

/** What else there is to know or to do: what waits for an answer, and what has ended unread. */
async function linesAtEnd({delegations, client, log}: Call, {told, shown}: ToolAnswer): Promise<string> {
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
