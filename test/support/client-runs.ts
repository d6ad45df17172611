import type {HookClient} from '../../src/hook/clients/protocol.ts';

/** How a session hears of an end that comes while nobody works in it. */
export const TOLD = {
  hook: 'Your next message brings it: the hook.',
  notice: 'Your next message brings it: the notice of the plugin.',
  woken: 'It wakes the model: the notice of the plugin.',
  task: 'It wakes the model: its task has ended. In sessions that Claude Code begins without tasks (seen on a busy machine), your next message brings it: the hook.',
} as const;

/** How a new session hears of what nobody has read. */
export const HEARS = {
  start: 'At its first message: the hook.',
  answer: 'With the answer of any tool of ours: it belongs to the session that asked.',
} as const;

/** One way to have a client, as the chain of test/long tries it with the real program. */
export interface ClientRun {
  readonly client: HookClient;
  readonly how: 'script' | 'screen';
  /** What starts it, as the table of docs/clients.md has it. */
  readonly started: string;
  /** What a person gives it besides what `install` has written. */
  readonly needs: string;
  readonly told: keyof typeof TOLD;
  readonly hears: keyof typeof HEARS;
}

/** What each client does. The chain asserts it, and docs/clients.md has the same table. */
export const CLIENT_RUNS: readonly ClientRun[] = [
  {
    ...{client: 'claude-code', how: 'script', started: '`claude -p`'},
    needs: '`--allowedTools mcp__opencode-delegate`',
    ...{told: 'hook', hears: 'start'},
  },
  {
    ...{client: 'codex', how: 'script', started: '`codex exec`'},
    needs: '`default_tools_approval_mode`, and trust in the hooks',
    ...{told: 'hook', hears: 'start'},
  },
  {
    ...{client: 'gemini', how: 'script', started: '`gemini -p`'},
    needs: '`--yolo`',
    ...{told: 'hook', hears: 'start'},
  },
  {
    ...{client: 'opencode', how: 'script', started: '`opencode run`'},
    needs: 'nothing',
    ...{told: 'notice', hears: 'answer'},
  },
  {
    ...{client: 'claude-code', how: 'screen', started: '`claude`'},
    needs: '`--allowedTools mcp__opencode-delegate`, or a yes to each call',
    ...{told: 'task', hears: 'start'},
  },
  {
    ...{client: 'codex', how: 'screen', started: '`codex`'},
    needs:
      '`default_tools_approval_mode`, or a yes to each call; trust in the hooks, which it asks for when it starts',
    ...{told: 'hook', hears: 'start'},
  },
  {
    ...{client: 'gemini', how: 'screen', started: '`gemini`'},
    needs: '`--yolo`, or a yes to each call',
    ...{told: 'hook', hears: 'start'},
  },
  {
    ...{client: 'opencode', how: 'screen', started: '`opencode`'},
    needs: 'nothing',
    ...{told: 'woken', hears: 'answer'},
  },
];
