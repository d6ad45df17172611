import {devNull} from 'node:os';

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
  // It would refuse a whole commit for the line ends of one file, which the folder keeps as they are.
  ['core.safecrlf', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['advice.detachedhead', 'false'],
  // One process a core: large checkouts take half the time.
  ['checkout.workers', '0'],
];

/**
 * Settings that are a command, or decide which one is run, by git or by the filter of LFS. In a name, `*` is whatever
 * the repository calls it.
 */
const COMMANDS = [
  ...['filter.*.clean', 'filter.*.smudge', 'filter.*.process', 'filter.*.required'],
  ...['diff.external', 'diff.*.command', 'diff.*.textconv', 'merge.*.driver', 'hook.*.command'],
  ...['core.sshcommand', 'core.gitproxy', 'core.askpass', 'core.editor'],
  ...['gpg.program', 'gpg.*.program', 'gpg.ssh.defaultkeycommand'],
  ...['lfs.standalonetransferagent', 'lfs.*.standalonetransferagent', 'lfs.customtransfer.*.path'],
  ...['lfs.extension.*.clean', 'lfs.extension.*.smudge'],
].map((name) => new RegExp(`^${name.replaceAll('.', '\\.').replace('*', '.*')}$`, 's'));

/** As `git lfs install --local` defines the filter of LFS, with and without downloads. */
const LFS: readonly Setting[] = [
  ['filter.lfs.clean', 'git-lfs clean -- %f'],
  ['filter.lfs.smudge', 'git-lfs smudge -- %f'],
  ['filter.lfs.smudge', 'git-lfs smudge --skip -- %f'],
  ['filter.lfs.process', 'git-lfs filter-process'],
  ['filter.lfs.process', 'git-lfs filter-process --skip'],
  ['filter.lfs.required', 'true'],
];

/** Where settings stand that are the repository's, which an agent may have written, and not the person's own. */
const OF_REPOSITORY = ['local', 'worktree'];

/** Git asks each of them, and forgets those before one without a value. */
const HELPER = /^credential\.(?:.*\.)?helper$/s;
const FILTER = /^filter\.(.*)\.(?:clean|smudge|process)$/s;

/** Has git list all settings with where they come from. It runs nothing. */
export const LIST_SETTINGS = ['config', '--list', '--show-scope', '--includes', '-z'];

/** What {@link LIST_SETTINGS} has found. */
export class Settings {
  /** In place of the repository's own commands: those of the person under the same name, or nothing. */
  readonly #instead = new Map<string, string>();
  /** The person's own, to be asked instead of all; nothing where the repository has none. */
  readonly #helpers: readonly Setting[];
  readonly #isHeld: boolean;

  constructor(listing: string) {
    const own = new Map<string, string>();
    const foreign = new Map<string, string>();
    const helpers: Setting[] = [];
    let isHeld = false;
    for (const {scope, name, value} of parse(listing)) {
      if (scope === 'command') isHeld ||= name === FIXED[0]?.[0];
      else if (OF_REPOSITORY.includes(scope)) foreign.set(name, value);
      else {
        own.set(name, value);
        if (HELPER.test(name)) helpers.push([name, value]);
      }
    }
    const hasHelpers = [...foreign.keys()].some((name) => HELPER.test(name));
    this.#helpers = hasHelpers ? [['credential.helper', ''], ...helpers] : [];
    this.#isHeld = isHeld;
    for (const [name, value] of foreign) {
      if (COMMANDS.some((command) => command.test(name)) && !isLfs(name, value))
        this.#instead.set(name, own.get(name) ?? nothing(name));
    }
  }

  /** Whether git has taken what it was given by {@link environmentOf}: it does so since 2.31. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** What makes git run none of the repository's own commands. */
  get environment(): NodeJS.ProcessEnv {
    return environmentOf([...this.#instead, ...this.#helpers, ...FIXED]);
  }

  /** The filters that the repository defines for itself and that we do not run. */
  get filtersLeftOut(): readonly string[] {
    const names = [...this.#instead].map(([name, value]) =>
      value === '' ? FILTER.exec(name)?.[1] : undefined,
    );
    return [...new Set(names.filter((name) => name !== undefined))].sort();
  }
}

/** The environment that gives git what holds in every repository. */
export const FIXED_ENVIRONMENT = environmentOf(FIXED);

/** In the environment, a setting may have any name; as an argument, it ends at the first `=` in it. */
function environmentOf(settings: readonly Setting[]): NodeJS.ProcessEnv {
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(settings.length)],
    ...settings.flatMap(([name, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, name],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ]);
}

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

/** A filter that must run would fail where there is none. */
function nothing(name: string): string {
  return name.endsWith('.required') ? 'false' : '';
}

function isLfs(name: string, value: string): boolean {
  return LFS.some(([known, definition]) => name === known && value === definition);
}
