const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Making one costs far more than using it, and ten milliseconds of the start of what needs none. */
let numbers: Intl.NumberFormat | undefined;

/** A span of time in its two largest units: `850 ms`, `12 s`, `2 m 5 s`, `3 h 10 m`, `2 d 4 h`. */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return pair(ms, [MINUTE, 'm'], [SECOND, 's']);
  if (ms < DAY) return pair(ms, [HOUR, 'h'], [MINUTE, 'm']);
  return pair(ms, [DAY, 'd'], [HOUR, 'h']);
}

/** A span of time in words, never more than it is: `90 seconds`, `2 minutes`. */
export function spoken(ms: number): string {
  const minutes = Math.floor(ms / MINUTE);
  const isWhole = minutes > 0 && ms % MINUTE < SECOND;
  return isWhole || minutes >= 10 ? counted(minutes, 'minute') : counted(Math.floor(ms / SECOND), 'second');
}

/** A time of day as the clocks of this machine show it, with the date where it is not today: `14:05`. */
export function clock(at: number, now: number): string {
  const [date, today] = [new Date(at), new Date(now)];
  const time = date.toLocaleTimeString('en-GB', {hour: '2-digit', minute: '2-digit'});
  return date.toDateString() === today.toDateString() ? time : `${date.toLocaleDateString('sv-SE')} ${time}`;
}

/** A whole number with its thousands apart. */
export function count(n: number): string {
  numbers ??= new Intl.NumberFormat('en-US');
  return numbers.format(n);
}

/** `1 tool call`, `2 tool calls`. */
export function counted(n: number, thing: string): string {
  return `${count(n)} ${thing}${n === 1 ? '' : 's'}`;
}

/** Joins what there is with the dot that separates facts on a line. */
export function facts(...parts: (string | undefined | false)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(' · ');
}

function pair(ms: number, [large, l]: [number, string], [small, s]: [number, string]): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${l}${rest === 0 ? '' : ` ${rest} ${s}`}`;
}
