import {oneLine} from '../../../base/safe-text.ts';
import type {ShownDelegation} from '../../../control/shown.ts';
import {duration} from '../../../report/format.ts';
import {wrapped} from './fit.ts';
import type {Area} from './paint.ts';

/** What the agent waits for, all of it: the oldest request, which the keys answer, and how many more there are. */
export function requestLines({requests}: ShownDelegation, {columns, paint, now}: Area): readonly string[] {
  const [request, ...more] = requests;
  if (request === undefined) return [];
  const {kind, what, details, until} = request;
  const left = Math.max(0, Date.parse(until) - now);
  const heading = `${kind === 'question' ? 'It asks' : 'It asks for'}: ${oneLine(what)}`;
  const keys = kind === 'question' ? 'a answers, d denies' : 'a allows this once, d denies';
  const others = more.length === 0 ? '' : ` ${more.length} more after this.`;
  return [
    ...wrapped(heading, columns).map((line) => paint('attention', line)),
    ...details.flatMap((detail) => wrapped(detail, columns - 2).map((line) => `  ${line}`)),
    ...wrapped(`${keys}; ${duration(Math.floor(left / 1_000) * 1_000)} left.${others}`, columns).map((line) =>
      paint('faint', line),
    ),
  ];
}
