import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {open, rename, rm} from 'node:fs/promises';
import type {RepositoryGit} from '../../git/repository-git.ts';

export type ObjectFormat = 'sha1' | 'sha256';

/** A bundle names few commits. One whose head is longer than this is none of ours. */
const MAX_HEAD_BYTES = 64 * 1024;

/** A bundle that is complete on disk. */
export interface BundleFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a bundle says of itself, before the objects. */
export interface BundleHead {
  readonly format: ObjectFormat;
  /** Commits that whoever takes it must have. */
  readonly since: readonly string[];
  readonly refs: readonly {readonly commit: string; readonly ref: string}[];
  /** Where the objects begin in the file. */
  readonly offset: number;
}

/** More than may travel. */
export class BundleTooLarge extends Error {
  override readonly name = 'BundleTooLarge';
}

/** It is damaged, or not what was to come: the message says what is wrong with it. */
export class BadBundle extends Error {
  override readonly name = 'BadBundle';
}

export interface BundleContent {
  readonly format: ObjectFormat;
  readonly commit: string;
  /** The one name that the commit has in it. */
  readonly ref: string;
  /** What is not in it, with all that it builds upon. */
  readonly since: readonly string[];
}

export interface WriteOptions {
  readonly path: string;
  readonly limitBytes: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Writes a thin bundle, as `git bundle` does. It takes no ref for that, so that a commit can be packed which has none.
 * The file has its name when it is complete.
 * @throws BundleTooLarge when it has more than the limit; GitError.
 */
export async function writeBundle(
  git: RepositoryGit,
  {format, commit, ref, since}: BundleContent,
  {path, limitBytes, ...limits}: WriteOptions,
): Promise<BundleFile> {
  const begun = `${path}.part`;
  const head = [
    ...(format === 'sha1' ? ['# v2 git bundle'] : ['# v3 git bundle', `@object-format=${format}`]),
    ...since.map((one) => `-${one} `),
    `${commit} ${ref}`,
    '',
    '',
  ].join('\n');
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(begun, 'w', 0o600);
  try {
    const take = async (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limitBytes) throw new BundleTooLarge(`it has more than ${limitBytes} bytes`);
      hash.update(chunk);
      await file.write(chunk);
    };
    await take(Buffer.from(head));
    await git.stream(['pack-objects', '--revs', '--thin', '--stdout', '--delta-base-offset', '--quiet'], {
      ...limits,
      input: [commit, ...since.map((one) => `^${one}`), ''].join('\n'),
      output: take,
    });
    await file.sync();
    await file.close();
    await rename(begun, path);
    return {path, bytes, sha256: hash.digest('hex')};
  } catch (error) {
    await file.close().catch(() => {});
    await rm(begun, {force: true});
    throw error;
  }
}

/** A bundle as it travels. */
export function bundleBytes(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, {highWaterMark: 256 * 1024});
}

/**
 * Stores a bundle as it comes in. The file has its name when it is complete.
 * @throws BadBundle when more comes than was announced, less, or something else.
 */
export async function keepBundle(
  content: AsyncIterable<Uint8Array>,
  {path, bytes, sha256}: BundleFile,
): Promise<void> {
  const begun = `${path}.part`;
  const hash = createHash('sha256');
  let come = 0;
  const file = await open(begun, 'w', 0o600);
  try {
    for await (const chunk of content) {
      come += chunk.length;
      if (come > bytes) throw new BadBundle('the bundle is longer than was announced');
      hash.update(chunk);
      await file.write(chunk);
    }
    if (come < bytes) throw new BadBundle(`the bundle is cut off after ${come} of ${bytes} bytes`);
    if (hash.digest('hex') !== sha256) throw new BadBundle('the bundle is not the one that was announced');
    await file.sync();
    await file.close();
    await rename(begun, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(begun, {force: true});
    throw error;
  }
}

/**
 * Reads what a bundle says of itself. Nothing but commits and names is taken: no option of a later version.
 * @throws BadBundle when it is anything else.
 */
export async function readHead(path: string): Promise<BundleHead> {
  const file = await open(path, 'r');
  try {
    const {buffer, bytesRead} = await file.read({buffer: Buffer.alloc(MAX_HEAD_BYTES), position: 0});
    const end = buffer.subarray(0, bytesRead).indexOf('\n\n');
    if (end === -1) throw new BadBundle('it does not begin as a bundle does');
    const [version, ...lines] = buffer.toString('utf8', 0, end).split('\n');
    const format = formatOf(version, lines);
    const commit = format === 'sha1' ? '[0-9a-f]{40}' : '[0-9a-f]{64}';
    const since: string[] = [];
    const refs: {commit: string; ref: string}[] = [];
    for (const line of lines) {
      const [, needed] = new RegExp(`^-(${commit})(?: .*)?$`).exec(line) ?? [];
      const [, own, ref] = new RegExp(`^(${commit}) (\\S+)$`).exec(line) ?? [];
      if (needed !== undefined && refs.length === 0) since.push(needed);
      else if (own !== undefined && ref !== undefined) refs.push({commit: own, ref});
      else
        throw new BadBundle('there is something else than commits and names at the beginning of the bundle');
    }
    return {format, since, refs, offset: end + 2};
  } finally {
    await file.close();
  }
}

/** Takes the line that names the format out of the lines, where there is one. */
function formatOf(version: string | undefined, lines: string[]): ObjectFormat {
  if (version === '# v2 git bundle') return 'sha1';
  if (version === '# v3 git bundle') {
    const [, format] = /^@object-format=(sha1|sha256)$/.exec(lines[0] ?? '') ?? [];
    if (format === 'sha1' || format === 'sha256') {
      lines.shift();
      return format;
    }
  }
  throw new BadBundle('it does not begin as a bundle of a known version does');
}
