import {devNull} from 'node:os';
import {resolve} from 'node:path';
import {isAllowed, isLfs, partsOf} from './allowed.ts';

/** The name of a setting in lower case, and what it is set to. */
type Setting = readonly [name: string, value: string];

/**
 * Nothing of the user's may run, wait for a person, or write beside what was asked for: no hooks, no signing, no
 * background work.
 */
const FIXED: readonly Setting[] = [
  ['core.hookspath', devNull],
  ['core.fsmonitor', 'false'],
  ['core.pager', 'cat'],
  ['commit.gpgsign', 'false'],
  // Where it is on, a look at a list of commits runs the program that checks signatures.
  ['log.showsignature', 'false'],
  // Git goes into no repository that lies in this one: each has a configuration of its own.
  ['submodule.recurse', 'false'],
  ['diff.submodule', 'short'],
  // It would refuse a whole commit for the line ends of one file, which the folder keeps as they are.
  ['core.safecrlf', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['advice.detachedhead', 'false'],
  // They would be counted from the stand-in.
  ['worktree.userelativepaths', 'false'],
  // One process a core: large checkouts take half the time.
  ['checkout.workers', '0'],
];

/** Where settings stand that are the repository's, which an agent may have written, and not the person's own. */
const OF_REPOSITORY = ['local', 'worktree'];
const FILTER = /^filter\.(.*)\.(?:clean|smudge|process)$/s;
const LFS_STORAGE = 'lfs.storage';

/** A filter that does nothing. */
const OFF: readonly Setting[] = [
  ...[['clean', ''] as const, ['smudge', ''] as const, ['process', ''] as const],
  ['required', 'false'],
];

/** Has git list all settings with where they come from. It runs nothing. */
export const LIST_SETTINGS = ['config', '--list', '--show-scope', '--includes', '-z'];

/** What {@link LIST_SETTINGS} has found. */
export class Settings {
  /** Whether git has taken what {@link FIXED_ENVIRONMENT} gives it: it does so since 2.31. */
  readonly isHeld: boolean;
  /** Whether each worktree has settings of its own. */
  readonly isPerWorktree: boolean;
  /** The configuration that takes the place of the repository's, as a file in `latin1`. */
  readonly standIn: string;
  /** What has to follow {@link standIn} for no filter to run, no matter who has defined it. */
  readonly noFilters: string;
  /** The filters that the repository defines for itself and that we do not run. */
  readonly filtersLeftOut: readonly string[];

  /** @param listing in `latin1`: a name or a value may be any bytes. */
  constructor(listing: string, commonDir: string) {
    const own = new Map<string, string>();
    const foreign: Setting[] = [];
    let isHeld = false;
    for (const {scope, name, value} of parse(listing)) {
      if (scope === 'command') isHeld ||= name === FIXED[0]?.[0];
      else if (OF_REPOSITORY.includes(scope)) foreign.push([name, value]);
      else own.set(name, value);
    }
    this.isHeld = isHeld;
    this.isPerWorktree = foreign.some(
      ([name, value]) => name === 'extensions.worktreeconfig' && /^(true|yes|on|1)$/i.test(value),
    );
    const storage = new Map([...own, ...foreign]).get(LFS_STORAGE);
    this.standIn = [
      ...foreign.filter(([name, value]) => isAllowed(name, value)),
      ...(storage?.startsWith('~') ? [] : [[LFS_STORAGE, storageIn(commonDir, storage)] as const]),
    ]
      .map(written)
      .join('');
    this.noFilters = filtersAmong([...own.keys(), ...foreign.map(([name]) => name)])
      .flatMap((filter) => OFF.map(([key, value]): Setting => [`filter.${filter}.${key}`, value]))
      .map(written)
      .join('');
    const names = foreign
      .filter(([name, value]) => value !== '' && !own.has(name) && !isLfs(name, value))
      .map(([name]) => name);
    this.filtersLeftOut = filtersAmong(names).map(readable).sort();
  }
}

/** The environment that gives git what holds in every repository. In it, a setting may have any name. */
export const FIXED_ENVIRONMENT: NodeJS.ProcessEnv = Object.fromEntries([
  ['GIT_CONFIG_COUNT', String(FIXED.length)],
  ...FIXED.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, name],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]),
]);

function* parse(listing: string): Generator<{scope: string; name: string; value: string}> {
  const fields = listing.split('\0');
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [scope = '', entry = ''] = fields.slice(index, index + 2);
    const end = entry.indexOf('\n');
    // A setting without a value is one that is true.
    yield end === -1
      ? {scope, name: entry, value: 'true'}
      : {scope, name: entry.slice(0, end), value: entry.slice(end + 1)};
  }
}

/** LFS keeps its files where the worktrees share theirs, which is not where it would look. */
function storageIn(commonDir: string, storage = 'lfs'): string {
  return resolve(Buffer.from(commonDir).toString('latin1'), storage);
}

/** As git reads it in a file. */
function written([name, value]: Setting): string {
  const {section, subsection, key} = partsOf(name);
  const quoted = (text: string) => `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
  return `[${section}${subsection === undefined ? '' : ` ${quoted(subsection)}`}]\n\t${key} = ${quoted(value)}\n`;
}

/** The filters that these settings define. */
function filtersAmong(names: readonly string[]): readonly string[] {
  const found = names.map((name) => FILTER.exec(name)?.[1]);
  return [...new Set(found.filter((filter) => filter !== undefined))];
}

function readable(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}
