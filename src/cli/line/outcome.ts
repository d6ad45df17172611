import type {ShownDelegation} from '../../control/shown.ts';
import {EXIT} from './command.ts';

/** The exit code that says how a delegation stands. */
export function exitOf({status, blocked, ended_at}: ShownDelegation): number {
  if (blocked) return EXIT.needsAnswer;
  return ended_at === undefined || status === 'completed' ? EXIT.ok : EXIT.failed;
}
