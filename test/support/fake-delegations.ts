import {Delegations, type DelegationsOptions} from '../../src/delegation/delegations.ts';
import type {Environment} from '../../src/delegation/model/ports.ts';
import {
  FakeCatalog,
  FakeHeadlines,
  FakeLog,
  FakeRunner,
  FakeStore,
  FakeTrust,
  FakeWorktrees,
  HERE,
} from './fakes.ts';

/** Delegations that stand on fakes, each of which a test can look into. */
export function fakeDelegations(
  given: Partial<DelegationsOptions> & {readonly environment?: Partial<Environment>} = {},
) {
  const fakes = {
    catalog: new FakeCatalog(),
    runner: new FakeRunner(),
    worktrees: new FakeWorktrees(),
    store: new FakeStore(),
    headlines: new FakeHeadlines(),
    log: new FakeLog(),
    trust: new FakeTrust(),
  };
  const {environment: parts, ...rest} = given;
  const environment: Environment = {
    ...{key: '', sessions: '', asking: {on: 'reject'}, serialWriters: false, isConfined: false},
    ...{ceilings: {}, modelNames: []},
    ...fakes,
    ...parts,
  };
  const delegations = new Delegations({
    ...{store: fakes.store, log: fakes.log, concurrency: 8, owner: HERE, uptime: Date.now},
    environments: {find: (key) => (key === environment.key ? environment : undefined), all: [environment]},
    ...rest,
  });
  return {...fakes, environment, delegations};
}
