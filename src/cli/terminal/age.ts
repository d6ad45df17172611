const STEPS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** How long ago, in one unit: `12s`, `5m`, `3h`, `9d`. */
export function age(at: number, now: number): string {
  const passed = Math.max(0, now - at);
  for (const [unit, ms] of STEPS) if (passed >= ms) return `${Math.floor(passed / ms)}${unit}`;
  return 'now';
}
