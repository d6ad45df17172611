import type {ShownDelegation} from '../../src/control/shown.ts';

/** A running delegation of the session `ses_a`, as people's tools get it, but for what is given. */
export function aShown(given: Partial<ShownDelegation> = {}): ShownDelegation {
  return {
    ...{id: 'swift-amber-otter', project: 'project-1', title: 'Count the stars', summary: ''},
    ...{status: 'running', blocked: false, unread: false, agent: 'build', model: 'scripted/model'},
    ...{access: 'agent', directory: '/work', client: 'opencode', timeout_minutes: 15, tool_calls: 0},
    ...{created_at: '2026-01-01T10:00:00.000Z', started_at: '2026-01-01T10:00:05.000Z'},
    ...{
      session_id: 'ses_child',
      parent_session: 'ses_a',
      requests: [],
      files_changed: [],
      refused: [],
      notes: [],
    },
    usage: {input: 0, output: 0, reasoning: 0, cache_read: 0, cache_write: 0, cost_usd: 0},
    ...given,
  };
}

/** The same with an end. */
export function anEnded(given: Partial<ShownDelegation> = {}): ShownDelegation {
  return aShown({status: 'completed', ended_at: '2026-01-01T10:02:05.000Z', unread: true, ...given});
}

/** A request for a permission. */
export function aRequest(number: number, what = 'bash: make'): ShownDelegation['requests'][number] {
  return {number, kind: 'permission', what, details: [what], until: '2026-01-01T11:00:00.000Z'};
}
