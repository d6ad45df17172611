import {existsSync, readFileSync, rmSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {z} from 'zod';
import {Refusal} from '../../base/errors.ts';
import {pause} from '../../base/pause.ts';
import {stateDirOf} from '../../base/state-dir.ts';
import {replaceFile} from '../../process/temporary.ts';
import {withClaim} from '../../store/files/claim.ts';

/** To store one takes milliseconds. */
const BETWEEN_TRIES_MS = 20;
const TRIES = 500;

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

  /** Stores one, or with `undefined` forgets it. @throws Refusal where another process does so all the time. */
  async set(file: string, value: Receipt | undefined): Promise<void> {
    await mkdir(dirname(this.#file), {recursive: true, mode: 0o700});
    for (let tries = 0; tries < TRIES; tries += 1) {
      // Two at once would each forget what the other has noted.
      if (await withClaim(`${this.#file}.lock`, () => this.#change(file, value))) return;
      await pause(BETWEEN_TRIES_MS, {});
    }
    throw new Refusal('Another install or uninstall is at work. Run the command again.');
  }

  async #change(file: string, value: Receipt | undefined): Promise<true> {
    const {[file]: _, ...others} = this.all();
    const files = value === undefined ? others : {...others, [file]: value};
    if (Object.keys(files).length === 0 && existsSync(this.#file)) rmSync(this.#file);
    else await replaceFile(this.#file, `${JSON.stringify({version: 1, files}, undefined, 2)}\n`);
    return true;
  }
}
