const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** How much that is, in one unit: `812 B`, `4.2 MB`. */
export function sizeOf(bytes: number): string {
  let [n, unit] = [bytes, 0];
  while (n >= 1_000 && unit < UNITS.length - 1) {
    n /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${UNITS[unit]}`;
}
