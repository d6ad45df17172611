/** So large is a chunk in the database at most. */
const CHUNK_BYTES = 256 * 1024;

/** The same bytes in chunks that are neither large nor tiny. */
export async function* inChunks(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (let part of content) {
    while (length + part.length >= CHUNK_BYTES) {
      const room = CHUNK_BYTES - length;
      yield Buffer.concat([...parts, part.subarray(0, room)]);
      part = part.subarray(room);
      parts = [];
      length = 0;
    }
    // The content may use its buffer again.
    if (part.length > 0) parts.push(Uint8Array.from(part));
    length += part.length;
  }
  if (length > 0) yield Buffer.concat(parts);
}
