import {quoted, quotedLines} from '../base/safe-text.ts';
import type {DelegationHead, Ended} from '../delegation/model/delegation.ts';
import {keptWhy} from '../delegation/model/end.ts';
import {renderDecisions} from './decisions.ts';
import {count, counted, duration, facts} from './format.ts';
import {renderWorktree} from './worktree.ts';

const NAMED_FILES = 30;

/**
 * What it cost, why it failed if it did, what it has changed, and what it was refused.
 *
 * @param from where the reader works.
 */
export function renderOutcome(
  head: DelegationHead,
  {state, from}: {readonly state: Ended; readonly from: string},
): readonly string[] {
  const {alsoChanged} = head;
  const {error, work} = state;
  const lines = [
    renderUsage(state),
    ...renderPassedOver(head),
    // Records of earlier versions have it whole.
    error !== undefined && `Why: ${quotedLines(error)}`,
    ...renderCaveat(state),
    work.filesChanged.length > 0 && `Files changed: ${renderFiles(work.filesChanged)}`,
    alsoChanged !== undefined &&
      `Changed by others as well, which ran at the same time: ${alsoChanged.map(({file, by}) => `${quoted(file)} (${quoted(by)})`).join(', ')}`,
    ...renderRefused(head, state),
    ...renderWorktree(head, from),
  ];
  return lines.filter((line) => line !== false);
}

/** Which models were to run before the one that did, and why they did not. */
export function renderPassedOver({passedOver = []}: DelegationHead): readonly string[] {
  return passedOver.map(({model, why}) => `Not ${quoted(model)}: ${quotedLines(keptWhy(why))}`);
}

/** What has to be known of its answer. */
export function renderCaveat({work}: Ended): readonly string[] {
  return work.caveat === undefined ? [] : [`Note: ${quotedLines(work.caveat)}`];
}

/** What its agent was refused, and what became of what it has asked for. */
export function renderRefused({decisions}: DelegationHead, {work}: Ended): readonly string[] {
  const refused = work.refused.length > 0 && `Refused: ${work.refused.map(quoted).join('; ')}`;
  return [refused || '', renderDecisions(decisions)].filter((line) => line !== '');
}

/** How long it ran. */
export function renderDuration({startedAt, endedAt}: Ended): string {
  return startedAt === undefined ? 'never ran' : `took ${duration(endedAt - startedAt)}`;
}

/** What it has used: tokens, cost and tool calls. */
export function renderUsage({work}: Ended): string {
  const {input, output, reasoning, cacheRead, cacheWrite, cost} = work.usage;
  const cached =
    cacheRead + cacheWrite > 0 && `${count(cacheRead)} read from and ${count(cacheWrite)} written to cache`;
  const tokens = facts(
    `${count(input)} tokens in`,
    `${count(output)} out`,
    reasoning > 0 && `${count(reasoning)} reasoning`,
    cached,
  );
  // What is free has no price either.
  const money = cost === 0 && input + output > 0 ? 'no price known' : `$${cost.toFixed(4)}`;
  return facts(tokens, money, counted(work.toolCalls, 'tool call'));
}

function renderFiles(files: readonly string[]): string {
  const more = files.length > NAMED_FILES ? ` and ${files.length - NAMED_FILES} more` : '';
  return `${files.slice(0, NAMED_FILES).map(quoted).join(', ')}${more}`;
}
