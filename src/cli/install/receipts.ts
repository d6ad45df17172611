import {existsSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import {stateDirOf} from '../../base/state-dir.ts';
import {replaceFile} from '../../process/temporary.ts';

const path = z.array(z.union([z.string(), z.number()])).readonly();

const receipt = z.object({
  client: z.string(),
  /** Where the file was before: its copy; absent where there was no file. */
  copy: z.string().optional(),
  /** The digest of what we wrote. While the file is that, the copy is what it was. */
  after: z.string(),
  /** Folders that were made for the file, innermost first. */
  folders: z.array(z.string()).readonly(),
  /** What was put in: where, and which containers were made for it, outermost first. */
  added: z.array(z.object({path, made: z.array(path).readonly()})).readonly(),
});

/** What was done to a file, so that exactly that can be taken back. */
export type Receipt = z.output<typeof receipt>;

const stored = z.object({version: z.literal(1), files: z.record(z.string(), receipt)});

/** What `install` has done for this person, by file. */
export class Receipts {
  readonly #file: string;

  constructor(env: NodeJS.ProcessEnv) {
    this.#file = join(stateDirOf(env), 'installed.json');
  }

  /** Those of all files. What cannot be read counts as none: then nothing is taken back. */
  all(): Readonly<Record<string, Receipt>> {
    try {
      return stored.parse(JSON.parse(readFileSync(this.#file, 'utf8'))).files;
    } catch {
      return {};
    }
  }

  /** Stores one, or with `undefined` forgets it. */
  async set(file: string, value: Receipt | undefined): Promise<void> {
    const {[file]: _, ...others} = this.all();
    const files = value === undefined ? others : {...others, [file]: value};
    if (Object.keys(files).length === 0 && existsSync(this.#file)) rmSync(this.#file);
    else await replaceFile(this.#file, `${JSON.stringify({version: 1, files}, undefined, 2)}\n`);
  }
}
