import type {Access} from './access.ts';

/** Code that a repository brings and that OpenCode runs by itself, as soon as it works there. */
export interface BroughtCode {
  /** The repository's folder; of what is in none, the directory. */
  readonly root: string;
  /** Stands for all of it: another one as soon as any of it is another. */
  readonly digest: string;
  /** What it is, each in a few words that are safe to show. */
  readonly names: readonly string[];
}

/** What a person is asked before such code runs. */
export interface TrustQuestion {
  /** That of the code which it is about. */
  readonly digest: string;
  readonly words: string;
}

/** Where somebody is to work, and how. */
export interface WorkPlace {
  readonly directory: string;
  /** Nothing runs for `read-only`. */
  readonly access: Access;
  /** The checkout that the directory is a worktree of. */
  readonly checkout?: string;
}

/** A place that somebody enters in whose name something was allowed. */
export interface EnteredPlace extends WorkPlace {
  /** The digest of what would run there when that was allowed; absent where nothing would. */
  readonly trusted?: string;
  /** Present for who goes on where others have worked before. */
  readonly continues?: unknown;
}

/** What an OpenCode of a person's own has loaded where it works, as our plugin in it says. */
export interface LoadedCode {
  readonly directory: string;
  /** As it was when that OpenCode began to work there. */
  readonly digest: string;
}

/** Knows what a repository brings, and which of it people have allowed to run. */
export interface Trust {
  /**
   * What would run at a place, as it is at this moment; `undefined` where nothing would.
   */
  codeIn(place: WorkPlace): Promise<BroughtCode | undefined>;
  /** True when somebody has allowed exactly this. */
  allows(code: BroughtCode): Promise<boolean>;
  /** Remembers that somebody has. */
  allow(code: BroughtCode): Promise<void>;
}
