import {INTERNAL_ERROR} from '@modelcontextprotocol/server';
import {manyLines, quoted} from '../../base/safe-text.ts';
import type {Delegation, Ended} from '../../delegation/model/delegation.ts';
import {CARRIED_CHARS, endMarkOf} from '../../report/answer.ts';
import {pageOf} from '../render/page.ts';
import {renderReport} from '../render/render.ts';
import {taskFacts} from './task.ts';

/**
 * A delegation that has ended, as the answer to `tasks/get`.
 *
 * `failed` is for calls that broke, which only `interrupted` is. An `error` and a `timeout` are results that say
 * so: the extension forbids `failed` for them. Only `completed` has a place for a result, so the other two carry
 * the report in their texts.
 *
 * @param from where the client works.
 */
export function endedTask(delegation: Delegation & {readonly state: Ended}, from: string) {
  const {state, text} = delegation;
  const page = pageOf(text, {offset: 0, size: CARRIED_CHARS});
  const mark = endMarkOf(delegation);
  const report = renderReport(delegation, {page, mark, from});
  const blocks = page.text === '' ? [report] : [report, page.text, mark];
  // Clients show a status and an error to people, as they are.
  const shown = manyLines(blocks.join('\n'));
  const updatedAt = state.endedAt;
  switch (state.status) {
    case 'cancelled': {
      const facts = taskFacts(delegation, {message: shown, updatedAt});
      return {...facts, status: 'cancelled' as const};
    }
    case 'interrupted': {
      const facts = taskFacts(delegation, {message: quoted(state.error ?? state.status), updatedAt});
      const error = {code: INTERNAL_ERROR, message: shown};
      return {...facts, status: 'failed' as const, error};
    }
    default: {
      const facts = taskFacts(delegation, {message: state.status, updatedAt});
      const result = {
        resultType: 'complete' as const,
        content: blocks.map((block) => ({type: 'text' as const, text: block})),
        ...(state.status !== 'completed' && {isError: true}),
      };
      return {...facts, status: 'completed' as const, result};
    }
  }
}

/**
 * True when a client that follows the extension has put the whole answer into the conversation. What becomes of
 * the texts of a cancelled or failed task is up to each client, so they tell nothing for sure.
 */
export function toldInFull({state, text}: Delegation): boolean {
  const hasResult = state.status !== 'cancelled' && state.status !== 'interrupted';
  return hasResult && pageOf(text, {offset: 0, size: CARRIED_CHARS}).next === undefined;
}
