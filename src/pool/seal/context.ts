/**
 * What a seal or a signature is for: the kind of thing, and where it belongs. It is authenticated, so that nothing can
 * be taken from one place to another.
 */
export type SealContext = readonly string[];

/** The context as bytes. Two different ones never are the same. */
export function contextBytes(context: SealContext): Buffer {
  return Buffer.from(JSON.stringify(context));
}
