import * as z from 'zod';

/** A time in front matter: ISO 8601 in the file, milliseconds since the epoch in the record. */
export const time = z.iso.datetime({offset: true}).transform((text) => Date.parse(text));

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
