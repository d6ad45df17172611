import {askedAgain, askedFor} from '../../schema/answer.ts';
import type {Delegation} from '../model/delegation.ts';
import type {RunRequest} from '../model/run.ts';

/** What the runner is asked to do for a delegation, which runs out of time at the deadline. */
export function requestOf(record: Delegation, deadline: number): RunRequest {
  const {worktree, parent, continues, trusted, messages = [], expect, repair} = record;
  const unread = messages.filter(({readAt}) => readAt === undefined);
  const session = repair?.sessionId ?? continues?.sessionId;
  return {
    delegationId: record.id,
    directory: worktree?.directory ?? record.directory,
    access: record.access,
    agent: record.agent,
    model: record.model,
    ...(expect !== undefined && repair !== undefined
      ? {prompt: askedAgain(expect, repair.why), isRepair: true}
      : {prompt: record.prompt, ...(expect !== undefined && {besides: askedFor(expect)})}),
    messages: unread.map(({number, text}) => ({number, text})),
    title: record.title,
    deadline,
    ...(worktree !== undefined && {checkout: worktree.checkout}),
    ...(trusted !== undefined && {trusted}),
    ...(parent !== undefined && {parentSession: parent.session}),
    ...(session !== undefined && {continues: session}),
  };
}
