import {mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Git} from '../../src/git/git.ts';
import {bundleBytes} from '../../src/pool/travel/bundle-file.ts';
import {type PlacedCode, RepositoryCache} from '../../src/pool/travel/cache.ts';
import {type PlannedTravel, planTravel, type TravelOptions} from '../../src/pool/travel/plan.ts';
import {gitEnvironment, Repository} from './repository.ts';

export const LIMIT = 10_000_000;

/** A client's machine, a worker's, and a server with repositories; all below one folder, which is gone when it is closed. */
export class Travelling {
  readonly base = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-travel-')));
  readonly env: Record<string, string> = gitEnvironment(this.base);
  readonly git = new Git(this.env);

  /** A repository on the server with one commit, and a checkout of it. */
  cloned(
    name = 'shop',
    files: Readonly<Record<string, string>> = {'a.txt': 'a\n'},
  ): {origin: Repository; shop: Repository} {
    const origin = Repository.create(join(this.base, 'server', name), {home: this.base, files});
    return {origin, shop: this.clone(origin, join(this.base, 'client', name))};
  }

  clone(origin: Repository, path: string, ...more: readonly string[]): Repository {
    mkdirSync(join(path, '..'), {recursive: true});
    origin.git('clone', '--quiet', ...more, `file://${origin.path}`, path);
    const clone = new Repository(path, this.base);
    clone.git('config', 'user.name', 'Ada');
    clone.git('config', 'user.email', 'ada@example.org');
    return clone;
  }

  plan(directory: string, options: Partial<TravelOptions> = {}): Promise<PlannedTravel> {
    return planTravel(this.git, {
      ...{directory, includesChanges: false, limitBytes: LIMIT, spool: join(this.base, 'spool')},
      ...{protocols: ['file'], workersFetch: 'what they can'},
      ...options,
    });
  }

  cache(options: Partial<ConstructorParameters<typeof RepositoryCache>[0]> = {}): RepositoryCache {
    const folder = join(this.base, 'worker');
    return new RepositoryCache({git: this.git, folder, protocols: ['file'], limitBytes: LIMIT, ...options});
  }

  place({travel, bundle}: PlannedTravel, {cache = this.cache(), job = 'job-1'} = {}): Promise<PlacedCode> {
    const content = () => {
      if (bundle === undefined) throw new Error('no bundle was to be needed');
      return bundleBytes(bundle.path);
    };
    return cache.place({job, travel}, content, new AbortController().signal);
  }

  close(): void {
    rmSync(this.base, {recursive: true, force: true});
  }
}

/**
 * A checkout and its repository, byte for byte, with modes and times; without those of objects, which git renews when it
 * would write one that is there.
 */
export function bytesOf(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, {recursive: true, encoding: 'utf8'}).sort();
  return Object.fromEntries(
    names.map((name) => {
      const stats = statSync(join(folder, name));
      const content = stats.isDirectory() ? 'folder' : readFileSync(join(folder, name), 'base64');
      return [
        name,
        `${stats.mode} ${stats.isDirectory() || name.includes('objects') ? '' : stats.mtimeMs} ${content}`,
      ];
    }),
  );
}
