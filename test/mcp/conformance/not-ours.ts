/** What a scenario asks for that we do not have, by the checks that fail for it; without checks, by all of them. */
export interface NotOurs {
  readonly reason: string;
  readonly checks?: readonly string[];
}

const FIXTURE_TOOL = 'calls a tool of its own fixture server by name, which is not one of ours';
const FIXTURE_RESOURCE = 'reads a resource of its own fixture server (test://…), which is not one of ours';
const FIXTURE_PROMPT = 'gets a prompt of its own fixture server by name, which is not one of ours';
const NO_INPUT = 'has a tool ask the client for input; no tool of ours asks anything';
const NO_LOGGING = 'logging is deprecated and not offered: our log goes to stderr';
const HTTP_ONLY = 'concerns the HTTP transport, which this test lends us: we serve stdio';

/** Why a scenario that the suite has does not apply to us, or not with all of its checks. */
export const NOT_OURS: Readonly<Record<string, NotOurs>> = {
  'server-session-lifecycle': {reason: `sessions: ${HTTP_ONLY}`},
  'server-sse-polling': {reason: `SSE polling: ${HTTP_ONLY}`},
  // Nothing is checked at 2025-11-25, and all is passed at 2026-07-28.
  'server-sse-multiple-streams': {reason: `SSE streams: ${HTTP_ONLY}`, checks: []},
  'dns-rebinding-protection': {reason: `Host and Origin headers: ${HTTP_ONLY}`},
  'http-custom-header-server-validation': {reason: `x-mcp-header: ${HTTP_ONLY}`},
  'server-stateless': {
    reason: `a part ${FIXTURE_TOOL}`,
    checks: [
      'sep-2575-server-rejects-undeclared-capability',
      'sep-2575-missing-capability-http-400',
      'sep-2575-http-server-no-independent-requests-on-stream',
      'sep-2575-server-no-log-without-loglevel',
    ],
  },
  'tasks-request-headers': {
    reason: 'one check compares the words of the fixture tool "greet"; ours lists delegations',
    checks: ['tasks-headers-tolerate-mcp-method-on-tools-call'],
  },
  'tasks-dispatch-and-envelope': {
    reason: `one check ${NO_INPUT}`,
    checks: ['tasks-result-type-complete-on-non-task-responses'],
  },
  'logging-set-level': {reason: NO_LOGGING},
  'tools-call-with-logging': {reason: NO_LOGGING},
  'tools-call-simple-text': {reason: FIXTURE_TOOL},
  'tools-call-image': {reason: FIXTURE_TOOL},
  'tools-call-audio': {reason: FIXTURE_TOOL},
  'tools-call-embedded-resource': {reason: FIXTURE_TOOL},
  'tools-call-mixed-content': {reason: FIXTURE_TOOL},
  'tools-call-error': {reason: FIXTURE_TOOL},
  'tools-call-with-progress': {reason: FIXTURE_TOOL},
  'json-schema-2020-12': {reason: FIXTURE_TOOL},
  'tools-call-sampling': {reason: NO_INPUT},
  'tools-call-elicitation': {reason: NO_INPUT},
  'elicitation-sep1034-defaults': {reason: NO_INPUT},
  'elicitation-sep1330-enums': {reason: NO_INPUT},
  'resources-read-text': {reason: FIXTURE_RESOURCE},
  'resources-read-binary': {reason: FIXTURE_RESOURCE},
  'resources-templates-read': {reason: FIXTURE_RESOURCE},
  'resources-subscribe': {reason: FIXTURE_RESOURCE},
  'resources-unsubscribe': {reason: FIXTURE_RESOURCE},
  'prompts-get-simple': {reason: FIXTURE_PROMPT},
  'prompts-get-with-args': {reason: FIXTURE_PROMPT},
  'prompts-get-embedded-resource': {reason: FIXTURE_PROMPT},
  'prompts-get-with-image': {reason: FIXTURE_PROMPT},
  'input-required-result-basic-elicitation': {reason: NO_INPUT},
  'input-required-result-basic-sampling': {reason: NO_INPUT},
  'input-required-result-basic-list-roots': {reason: NO_INPUT},
  'input-required-result-request-state': {reason: NO_INPUT},
  'input-required-result-multiple-input-requests': {reason: NO_INPUT},
  'input-required-result-multi-round': {reason: NO_INPUT},
  'input-required-result-missing-input-response': {reason: NO_INPUT},
  'input-required-result-ignore-extra-params': {reason: NO_INPUT},
  'input-required-result-non-tool-request': {reason: NO_INPUT},
  'input-required-result-result-type': {reason: NO_INPUT},
  'input-required-result-tampered-state': {reason: NO_INPUT},
  'input-required-result-capability-check': {reason: NO_INPUT},
  'tasks-mrtr-input': {reason: NO_INPUT},
  'tasks-mrtr-composition': {reason: NO_INPUT},
  'tasks-required-task-error': {reason: 'has a tool that only runs as a task; ours run without as well'},
  'tasks-status-notifications': {reason: 'optional, and skipped by the suite itself for every server'},
  'sep-2640-skills-directory': {reason: 'skills are another extension, which we do not offer'},
  'sep-2640-skills-enumeration': {reason: 'skills are another extension, which we do not offer'},
  'sep-2640-skills-manifest': {reason: 'skills are another extension, which we do not offer'},
};

/** What applies to us whole; together with {@link NOT_OURS}, all that the suite has. */
export const OURS: readonly string[] = [
  'server-initialize',
  'ping',
  'completion-complete',
  'tools-list',
  'resources-list',
  'prompts-list',
  'sep-2164-resource-not-found',
  'caching',
  'http-header-validation',
  'input-required-result-unsupported-methods',
  'input-required-result-validate-input',
  'tasks-lifecycle',
  'tasks-capability-negotiation',
  'tasks-wire-fields',
  'tasks-request-state-removal',
];
