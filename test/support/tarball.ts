import {gzipSync} from 'node:zlib';

export interface TarEntry {
  readonly path: string;
  readonly content: Buffer;
  readonly isExecutable: boolean;
}

const BLOCK = 512;

/** A gzipped archive of files, as npm's packages are: everything below `package/`. */
export function tarball(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({path, content, isExecutable}) => [
    headerOf({path: `package/${path}`, size: content.length, mode: isExecutable ? 0o755 : 0o644}),
    content,
    Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
  ]);
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), {level: 1});
}

function headerOf({path, size, mode}: {path: string; size: number; mode: number}): Buffer {
  const header = Buffer.alloc(BLOCK);
  // Names are up to 100 bytes long, and what stands before a slash may be moved to a field of its own.
  const cut = path.length <= 100 ? -1 : path.indexOf('/', path.length - 101);
  header.write(path.slice(cut + 1), 0, 100);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(0, 11), 136);
  header.write('        0', 148);
  header.write('ustar\0' + '00', 257);
  if (cut !== -1) header.write(path.slice(0, cut), 345, 155);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
