import leven from 'leven';

/** The name that somebody most likely meant; `undefined` where none is like what was written. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(written.length / 3));
  const ranked = names
    .map((name) => ({name, distance: leven(written.toLowerCase(), name)}))
    .filter(({name, distance}) => distance <= limit || (written.length > 2 && name.startsWith(written)))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
}
