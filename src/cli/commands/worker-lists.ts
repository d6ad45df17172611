import {oneLine} from '../../base/safe-text.ts';
import type {Allowed} from '../../pool/worker/admission.ts';
import {type Invocation, UsageError} from '../line/command.ts';

/** As `opencode-delegate pool` prints it. */
const OWNER = /^[\w-]{27}$/;
/** What a URL has and the name of a repository has not. */
const URL_PART = /:\/\/|^[^/]*@/;

/**
 * What the options of a worker allow. A list with nothing in it allows nothing: a variable that is not set must not open
 * a worker for all.
 * @throws UsageError where a list can be no such list.
 */
export function allowedBy({text}: Pick<Invocation, 'text'>): Allowed {
  const owners = listOf('owners', text('owners'));
  if (owners === undefined) {
    throw new UsageError(
      'Say whose work it takes with --owners: the names that `opencode-delegate pool` prints, or all.',
    );
  }
  const repositories = listOf('repos', text('repos')) ?? 'all';
  for (const name of owners === 'all' ? [] : owners) {
    if (OWNER.test(name)) continue;
    throw new UsageError(
      `--owners takes names of 27 characters, as \`opencode-delegate pool\` prints them, and not "${oneLine(name)}".`,
    );
  }
  for (const name of repositories === 'all' ? [] : repositories) {
    if (!URL_PART.test(name)) continue;
    throw new UsageError(
      `--repos takes host/path, such as github.com/our-team/shop, and not "${oneLine(name)}".`,
    );
  }
  return {owners, repositories, agents: listOf('agents', text('agents')) ?? 'all'};
}

function listOf(option: string, given: string | undefined): readonly string[] | 'all' | undefined {
  if (given === undefined) return undefined;
  const names = given
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw new UsageError(`--${option} has nothing in it. Give names, or all.`);
  return names.length === 1 && names[0] === 'all' ? 'all' : names;
}
