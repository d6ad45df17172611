import type {Command} from './line/command.ts';
import {IDS_COMMAND} from './line/completion.ts';

/** A command as the overview names it; the rest of it is loaded when it is needed. */
export interface Listed {
  readonly summary: string;
  /** Programs call it, and people are not shown it. */
  readonly isHidden?: boolean;
  readonly load: () => Promise<Command>;
}

/** The commands for people, in the order in which the overview shows them. */
export const COMMANDS: Readonly<Record<string, Listed>> = {
  list: {
    summary: 'What needs you, what runs, and what has ended',
    load: async () => (await import('./commands/list.ts')).list,
  },
  show: {
    summary: 'The result of a delegation',
    load: async () => (await import('./commands/show.ts')).show,
  },
  watch: {
    summary: 'What runs, live',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  logs: {
    summary: "An agent's conversation",
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  wait: {
    summary: 'Wait until delegations have ended',
    load: async () => (await import('./commands/wait.ts')).wait,
  },
  run: {
    summary: 'Delegate from the shell',
    load: async () => (await import('./commands/run.ts')).run,
  },
  continue: {
    summary: 'Go on with a delegation that has ended',
    load: async () => (await import('./commands/continue.ts')).continueCommand,
  },
  cancel: {
    summary: 'Stop a delegation',
    load: async () => (await import('./commands/cancel.ts')).cancel,
  },
  message: {
    summary: 'Tell an agent at work something more',
    load: async () => (await import('./commands/message.ts')).message,
  },
  reply: {
    summary: 'Answer what an agent asks for',
    load: async () => (await import('./commands/reply.ts')).reply,
  },
  diff: {
    summary: 'What a delegation has changed in its worktree',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  apply: {
    summary: 'Put that change into your checkout',
    load: async () => (await import('./commands/apply.ts')).apply,
  },
  drop: {
    summary: 'Remove a worktree and its branch',
    load: async () => (await import('./commands/drop.ts')).drop,
  },
  open: {
    summary: "The agent's own session, in OpenCode",
    load: async () => (await import('./commands/open.ts')).open,
  },
  prune: {
    summary: 'Remove old records and worktrees',
    load: async () => (await import('./commands/prune.ts')).prune,
  },
  stats: {
    summary: 'Time, tokens and cost by day, model and agent',
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  status: {
    summary: 'The background processes that run',
    load: async () => (await import('./commands/status.ts')).status,
  },
  stop: {
    summary: 'End them',
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  doctor: {
    summary: 'Check all that delegations need, with cures',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  pool: {
    summary: 'The pool of machines that delegations can run on',
    load: async () => (await import('./commands/pool.ts')).pool,
  },
  worker: {
    summary: 'Make this machine a worker of the pool',
    load: async () => (await import('./commands/worker.ts')).worker,
  },
  install: {
    summary: 'Add us to the clients that are here, and get OpenCode',
    load: async () => (await import('./commands/install.ts')).install,
  },
  uninstall: {
    summary: 'Take that back',
    load: async () => (await import('./commands/uninstall.ts')).uninstall,
  },
  trust: {
    summary: 'Let the code that a repository brings run',
    load: async () => (await import('./commands/trust.ts')).trust,
  },
  completion: {
    summary: 'Complete commands and ids in your shell',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  [IDS_COMMAND]: {
    summary: 'Ids, for completion',
    isHidden: true,
    load: async () => (await import('./commands/completion.ts')).ids,
  },
};

/** Those that people are shown. */
export const SHOWN_COMMANDS: Readonly<Record<string, Listed>> = Object.fromEntries(
  Object.entries(COMMANDS).filter(([, {isHidden}]) => isHidden !== true),
);
