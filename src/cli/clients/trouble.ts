import {inQuotes, oneLine} from '../../base/safe-text.ts';
import {Secrets} from '../../opencode/secrets/secrets.ts';
import type {Handshake} from './handshake.ts';
import type {Launch} from './launch.ts';

/** What is wrong with a server, in words that follow its name: without a full stop, and without keys. */
export function troubleIn(found: Exclude<Handshake, {is: 'ours'}>, {env, waitMs}: Launch): string {
  const saying = (said: string) =>
    said === '' ? 'says nothing on stderr' : `says: ${oneLine(new Secrets(env).conceal(lastLines(said)))}`;
  switch (found.is) {
    case 'missing':
      return `cannot be started: ${found.says}`;
    case 'ended':
      return `ends at once (${found.how}), and ${saying(found.said)}`;
    case 'silent':
      return `has not answered within ${waitMs / 1_000} s, and ${saying(found.said)}`;
    case 'refused':
      return `refuses: ${oneLine(found.says)}`;
    case 'foreign':
      return `is another server, ${inQuotes(found.name)}`;
    case 'interrupted':
      return 'was interrupted';
  }
}

/** Where a program has failed, what it says last is why. Node adds its version. */
function lastLines(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '' && !/^Node\.js v/.test(line));
  const errors = lines.filter((line) => /error|cannot|not found|fail/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join(' ').slice(-600);
}
