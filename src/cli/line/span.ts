/** A span as people type it, in milliseconds: `90s`, `10m`, `2h`, `7d`; a bare number is seconds. `undefined` when it is none. */
export function spanIn(text: string): number | undefined {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)\s*([smhdw]?)$/.exec(text.trim()) ?? [];
  if (number === '') return undefined;
  const ms =
    {s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000}[unit === '' ? 's' : unit] ?? 1_000;
  return Number(number) * ms;
}
