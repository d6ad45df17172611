import {join} from 'node:path';
import type {BroughtCode, Trust, WorkPlace} from '../../delegation/model/trust.ts';
import {CodeFinder, type CodeFinderOptions} from './brought-code.ts';
import {repositoryOf} from './levels.ts';
import {TrustedFile} from './trusted-file.ts';

/** In the data folder. What begins with a dot is no project. */
const TRUSTED = '.trusted.json';

/** The file in a data folder that says what is trusted. */
export function trustedIn(dataDir: string): TrustedFile {
  return new TrustedFile(join(dataDir, TRUSTED));
}

/** Trust as people have given it, in this environment. */
export class RepositoryTrust implements Trust {
  readonly #finder: CodeFinder;
  readonly #trusted: TrustedFile;

  constructor({dataDir, ...finding}: CodeFinderOptions & {readonly dataDir: string}) {
    this.#finder = new CodeFinder(finding);
    this.#trusted = trustedIn(dataDir);
  }

  async codeIn({directory, access, checkout}: WorkPlace): Promise<BroughtCode | undefined> {
    if (access === 'read-only') return undefined;
    const code = await this.#finder.find(directory);
    if (code === undefined || checkout === undefined || (await this.allows(code))) return code;
    // A worktree has what the repository has: anyone who has allowed it there has allowed it here.
    return {...code, root: repositoryOf(checkout) ?? checkout};
  }

  allows(code: BroughtCode): Promise<boolean> {
    return this.#trusted.has(code);
  }

  allow(code: BroughtCode): Promise<void> {
    return this.#trusted.add(code);
  }
}

/** For those who want no question. */
export const TRUSTS_ALL: Trust = {
  codeIn: async () => undefined,
  allows: async () => true,
  allow: async () => {},
};
