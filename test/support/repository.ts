import {execFileSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

/** An environment in which git knows nobody and nothing of the person or the machine. */
export function gitEnvironment(home: string): Record<string, string> {
  return {PATH: process.env.PATH ?? '', HOME: home, GIT_CONFIG_NOSYSTEM: '1'};
}

/** A real git repository. */
export class Repository {
  readonly path: string;
  readonly #env: Record<string, string>;

  /** One that is there. */
  constructor(path: string, home: string) {
    this.path = path;
    this.#env = {...gitEnvironment(home), GIT_ALLOW_PROTOCOL: 'file'};
  }

  /** Makes one with these files in its first commit, by somebody whom it knows. */
  static create(path: string, {home, files = {'a.txt': 'a\n'}}: {home: string; files?: Files}): Repository {
    mkdirSync(path, {recursive: true});
    const repository = new Repository(path, home);
    repository.git('init', '--quiet', '--initial-branch=main');
    repository.git('config', 'user.name', 'Ada');
    repository.git('config', 'user.email', 'ada@example.org');
    repository.write(files);
    if (Object.keys(files).length > 0) repository.commit('first');
    return repository;
  }

  git(...args: readonly string[]): string {
    return execFileSync('git', args, {
      cwd: this.path,
      env: this.#env,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trimEnd();
  }

  write(files: Files): void {
    for (const [name, content] of Object.entries(files)) {
      const file = join(this.path, name);
      mkdirSync(dirname(file), {recursive: true});
      writeFileSync(file, content);
    }
  }

  commit(message: string): string {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }
}

export type Files = Readonly<Record<string, string>>;
