import {THREE_WORDS} from '../../delegation/model/id.ts';
import type {DelegateInput} from '../../delegation/submit/input.ts';
import type {WorkOrder} from '../mail/letters.ts';

const MINUTE_MS = 60_000;

/** What an owner has ordered, as the worker's own service is asked for it. */
export function inputOf({
  delegation,
  prompt,
  title,
  agent,
  model,
  timeoutMs,
  maxCostUsd,
  maxTokens,
  expect,
}: WorkOrder): Omit<DelegateInput, 'project' | 'environment' | 'directory' | 'client'> {
  return {
    ...{prompt, title, access: 'worktree'},
    timeoutMinutes: timeoutMs / MINUTE_MS,
    // It stands in the commit that comes home, where its owner looks for it.
    ...(THREE_WORDS.test(delegation) && {knownAs: delegation}),
    ...(agent !== undefined && {agent}),
    ...(model !== undefined && {model}),
    ...(maxCostUsd !== undefined && {maxCostUsd}),
    ...(maxTokens !== undefined && {maxTokens}),
    ...(expect !== undefined && {expect: JSON.parse(expect)}),
  };
}
