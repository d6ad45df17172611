import {abridged} from '../../base/abridged.ts';

/** Some refusals say back what the caller has sent, which may be a whole file in the place of a name. */
const MAX_REFUSAL_CHARS = 4_000;

/** A refusal as the caller gets it. */
export function keptRefusal(message: string): string {
  return abridged(message, MAX_REFUSAL_CHARS);
}
