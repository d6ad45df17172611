import {readFile} from 'node:fs/promises';
import {z} from 'zod';
import type {BroughtCode} from '../../delegation/model/trust.ts';
import {replaceFile} from '../../process/temporary.ts';

/** So many states of one repository stay allowed: people go back and forth between branches. */
const KEPT_DIGESTS = 50;

const content = z.object({
  trusted: z.array(z.object({root: z.string(), digests: z.array(z.string())})),
});

export type Trusted = Readonly<z.output<typeof content>>['trusted'][number];

/** The file that says which code people have allowed to run. For its owner alone. */
export class TrustedFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** All of it; nothing where there is no such file, or it makes no sense. */
  async all(): Promise<readonly Trusted[]> {
    try {
      return content.parse(JSON.parse(await readFile(this.#path, 'utf8'))).trusted;
    } catch {
      return [];
    }
  }

  async has({root, digest}: BroughtCode): Promise<boolean> {
    return (await this.all()).some((one) => one.root === root && one.digests.includes(digest));
  }

  async add({root, digest}: BroughtCode): Promise<void> {
    const all = await this.all();
    const before = all.find((one) => one.root === root)?.digests ?? [];
    const digests = [...before.filter((one) => one !== digest), digest].slice(-KEPT_DIGESTS);
    await this.#write([...all.filter((one) => one.root !== root), {root, digests}]);
  }

  /** Returns false where nothing of the root was allowed. */
  async remove(root: string): Promise<boolean> {
    const all = await this.all();
    const rest = all.filter((one) => one.root !== root);
    if (rest.length === all.length) return false;
    await this.#write(rest);
    return true;
  }

  #write(trusted: readonly Trusted[]): Promise<void> {
    return replaceFile(this.#path, `${JSON.stringify({trusted}, null, 1)}\n`);
  }
}
