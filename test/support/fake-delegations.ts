import {Delegations, type DelegationsOptions} from '../../src/delegation/delegations.ts';
import {FakeCatalog, FakeHeadlines, FakeLog, FakeRunner, FakeStore, FakeWorktrees, HERE} from './fakes.ts';

/** Delegations that stand on fakes, each of which a test can look into. */
export function fakeDelegations(given: Partial<DelegationsOptions> = {}) {
  const fakes = {
    catalog: new FakeCatalog(),
    runner: new FakeRunner(),
    worktrees: new FakeWorktrees(),
    store: new FakeStore(),
    headlines: new FakeHeadlines(),
    log: new FakeLog(),
  };
  const delegations = new Delegations({
    ...fakes,
    concurrency: 8,
    asking: {on: 'reject'},
    owner: HERE,
    ...given,
  });
  return {...fakes, delegations};
}
