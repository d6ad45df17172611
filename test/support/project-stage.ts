import {mkdirSync, mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {FakeLog} from './fakes.ts';
import {Repository} from './repository.ts';

/** Folders and repositories of one test, with a data folder beside them. */
export class ProjectStage {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode delegate project-')));
  readonly data = join(this.root, 'data');

  constructor() {
    onTestFinished(() => rmSync(this.root, {recursive: true, force: true}));
  }

  /** As a process that has just begun sees it: nothing is remembered but what is written down. */
  store(log = new FakeLog()): MarkdownStore {
    return new MarkdownStore({root: this.data, log});
  }

  projectOf(directory: string): Promise<string> {
    return this.store().projectOf(directory);
  }

  at(name: string): string {
    return join(this.root, name);
  }

  folder(name: string): string {
    const path = this.at(name);
    mkdirSync(path, {recursive: true});
    return path;
  }

  /** With a commit. */
  repository(name: string): Repository {
    return Repository.create(this.at(name), {home: this.root});
  }

  /** Without a commit. */
  fresh(name: string, origin?: string): Repository {
    const made = Repository.create(this.at(name), {home: this.root, files: {}});
    if (origin !== undefined) made.git('remote', 'add', 'origin', origin);
    return made;
  }

  clone(from: string, to: string): Repository {
    new Repository(this.root, this.root).git('clone', '--quiet', from, this.at(to));
    const made = new Repository(this.at(to), this.root);
    made.git('config', 'user.name', 'Ada');
    made.git('config', 'user.email', 'ada@example.org');
    return made;
  }
}
