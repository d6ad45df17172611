import type {SealContext} from './context.ts';
import {type GroupKey, HEADER_BYTES, type PieceCipher, TAG_BYTES} from './group-key.ts';
import {SealBroken} from './seal-broken.ts';

/** How much of a file is sealed at once, and has to be in memory. */
const PIECE_BYTES = 256 * 1024;

type Content = AsyncIterable<Uint8Array>;

/** Seals a file piece by piece. What comes out may be cut into chunks of any size on its way. */
export async function* sealedFile(plain: Content, key: GroupKey, context: SealContext): Content {
  const {header, pieces} = key.sealer();
  yield header;
  let number = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of cut(plain, PIECE_BYTES)) {
    // What is the last piece is known only when nothing follows it.
    if (number > 0) yield pieces.sealed(rest, context, number - 1, false);
    rest = piece;
    number++;
  }
  yield pieces.sealed(rest, context, Math.max(0, number - 1), true);
}

/**
 * Opens what {@link sealedFile} has sealed. Each piece is genuine when it is given; that the file is whole is known at
 * its end.
 * @throws SealBroken when it was sealed otherwise, was changed, or does not end where it ended.
 */
export async function* openedFile(sealed: Content, key: GroupKey, context: SealContext): Content {
  let pieces: PieceCipher | undefined;
  let number = 0;
  let rest: Buffer | undefined;
  for await (const piece of cut(sealed, PIECE_BYTES + TAG_BYTES, HEADER_BYTES)) {
    if (pieces === undefined) {
      pieces = key.openerOf(piece);
      continue;
    }
    if (rest !== undefined) yield pieces.opened(rest, context, number++, false);
    rest = piece;
  }
  if (pieces === undefined || rest === undefined)
    throw new SealBroken('It is too short to be a sealed file.');
  yield pieces.opened(rest, context, number, true);
}

/** The same bytes in pieces of one size, save a first one of another size where that is given, and the last. */
async function* cut(content: Content, size: number, first = size): AsyncIterable<Buffer> {
  let wanted = first;
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of content) {
    let at = 0;
    while (length + chunk.length - at >= wanted) {
      const end = at + wanted - length;
      yield Buffer.concat([...parts, chunk.subarray(at, end)]);
      at = end;
      parts = [];
      length = 0;
      wanted = size;
    }
    if (at < chunk.length) parts.push(Buffer.from(chunk.subarray(at)));
    length += chunk.length - at;
  }
  if (length > 0) yield Buffer.concat(parts);
}
