import {tmpdir} from 'node:os';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Delegations} from '../../../src/delegation/delegations.ts';
import {createServerFactory} from '../../../src/mcp/server.ts';
import {fakeDelegations} from '../../support/fake-delegations.ts';
import {type HttpServer, serveHttp} from '../../support/http-server.ts';
import {follow, translateBody, translateName} from './fixture-tools.ts';
import {NOT_OURS, OURS} from './not-ours.ts';
import {type Check, type Results, run, scenarios} from './suite.ts';

/** Added by the suite to every scenario that sent something: all of our messages fit the protocol's schema. */
const WIRE_CHECK = 'wire-schema-valid';

/** The conformance suite speaks HTTP only, so the factory that the bin has behind stdio stands behind HTTP here. */
describe('the conformance suite', () => {
  let delegations: Delegations;
  let server: HttpServer;

  beforeAll(async () => {
    const fakes = fakeDelegations();
    const {log, store} = fakes;
    fakes.runner.onStart(follow);
    delegations = fakes.delegations;
    const factory = createServerFactory(
      {
        ...{delegations, log, version: '1.0.0', inside: false},
        artifact: (project, id) => store.artifact(project, id),
        artifactText: async (project, id) => store.stored(id, project)?.text,
        artifactSize: async () => undefined,
        projectOf: async () => 'project',
        listed: () => {},
      },
      {cwd: tmpdir(), environment: fakes.environment},
    );
    server = await serveHttp(factory, {body: translateBody, name: translateName});
  });

  afterAll(async () => {
    await server.close();
    await delegations.close();
  });

  it('has no scenario that nobody has judged, and none that was judged is gone', async () => {
    expect([...(await scenarios())].sort()).toEqual([...OURS, ...Object.keys(NOT_OURS)].sort());
    expect(OURS.filter((name) => name in NOT_OURS)).toEqual([]);
  });

  it.each(['2025-11-25', '2026-07-28'])('is passed at %s, but for what is not ours', async (revision) => {
    const results = await run(server.url, ['--suite', 'all', '--spec-version', revision]);
    expect(results.size).toBeGreaterThan(30);
    expect(problemsIn(results)).toEqual([]);
  });

  it.each(tasksScenarios())('is passed in %s', async (scenario) => {
    const results = await run(server.url, ['--scenario', scenario]);
    expect([...results.keys()]).toEqual([scenario]);
    expect(problemsIn(results)).toEqual([]);
  });
});

/** Scenarios of extensions run only when they are named. */
function tasksScenarios(): readonly string[] {
  const partly = Object.keys(NOT_OURS).filter((name) => NOT_OURS[name]?.checks !== undefined);
  return [...OURS, ...partly].filter((name) => name.startsWith('tasks-'));
}

function problemsIn(results: Results): readonly string[] {
  return [...results].flatMap(([scenario, checks]) =>
    problemsOf(scenario, checks).map((problem) => `${scenario}: ${problem}`),
  );
}

function problemsOf(scenario: string, checks: readonly Check[]): readonly string[] {
  const exception = NOT_OURS[scenario];
  const failed = checks.filter(({status}) => status === 'FAILURE');
  const isExcused = ({id}: Check) =>
    exception !== undefined && id !== WIRE_CHECK && (exception.checks?.includes(id) ?? true);
  const unexpected = failed.filter((check) => !isExcused(check));
  const problems = unexpected.map(({id, errorMessage}) => `${id} failed: ${errorMessage ?? ''}`);
  const passed = checks.filter(({id, status}) => id !== WIRE_CHECK && status === 'SUCCESS');
  if (exception === undefined && passed.length === 0) problems.push('nothing was checked');
  if (exception !== undefined && exception.checks === undefined && failed.length === 0 && passed.length > 0)
    problems.push('it is passed as a whole: it is ours now');
  for (const id of exception?.checks ?? [])
    if (!failed.some((check) => check.id === id))
      problems.push(`${id} does not fail any more: it is ours now`);
  return problems;
}
