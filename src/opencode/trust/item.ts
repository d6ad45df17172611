import type {WatchedFiles} from './watched-files.ts';

/** One thing that OpenCode would run, load, fetch or send. */
export interface TrustItem {
  readonly folder: string;
  readonly name: string;
  /** What anyone who is asked has to know of it. */
  readonly note?: string;
  /** Stands for what it is made of. */
  readonly digest: string;
}

/** A level at which is looked, for a directory in a repository. */
export interface Look {
  readonly folder: string;
  readonly directory: string;
  readonly root: string;
  /** True where OpenCode has npm install something here or below. */
  readonly hasInstall: boolean;
  readonly files: WatchedFiles;
  readonly env: NodeJS.ProcessEnv;
}
