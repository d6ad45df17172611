import {setTimeout as pause} from 'node:timers/promises';
import {type RunningHost, runningHosts} from '../../link/hosts.ts';
import {standingOf} from '../../process/identity.ts';
import {type Command, EXIT} from '../line/command.ts';

/** A host ends itself within 15 s at the latest; then something is wrong that people should know of. */
const DEADLINE_MS = 20_000;
const LOOK_MS = 50;

export const stop: Command = {
  usage: '[--all]',
  about:
    'Ends the background process of this data folder, and waits until it has gone. What it runs is interrupted, with the text that its agents had written.',
  options: {all: {type: 'boolean', about: 'End those of other data folders and versions as well.'}},
  examples: [['stop --all', 'end everything, before an upgrade say']],
  takes: {least: 0, most: 0},
  async run({env, version, has, terminal}) {
    const hosts = await runningHosts({env, version});
    const wanted = hosts.filter(({isOurs}) => has('all') || isOurs);
    if (wanted.length === 0) {
      const others =
        hosts.length === 0 ? '' : ` ${hosts.length} of other data folders or versions do; --all ends them.`;
      terminal.print(`No host of this data folder runs.${others}`);
    }
    const ends = await Promise.all(wanted.map(end));
    terminal.print(...ends.map(({said}) => said));
    return ends.every(({hasEnded}) => hasEnded) ? EXIT.ok : EXIT.failed;
  },
};

async function end({owner, status: load}: RunningHost): Promise<{said: string; hasEnded: boolean}> {
  const {pid} = owner;
  // The number in an old lock may belong to another process by now.
  if (load === undefined) {
    const said = `Process ${pid} does not answer as a host and was left alone. If it is one, end it with: kill ${pid}`;
    return {said, hasEnded: false};
  }
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + DEADLINE_MS;
  while (standingOf(owner) !== 'gone') {
    if (Date.now() > deadline) {
      const said = `Process ${pid} has not ended within ${DEADLINE_MS / 1_000} s. End it with: kill -9 ${pid}`;
      return {said, hasEnded: false};
    }
    await pause(LOOK_MS);
  }
  const goOn = load.elsewhere === 0 ? '' : ` Those in the pool go on: ${load.elsewhere}.`;
  const interrupted = load.delegations - load.elsewhere;
  return {
    said: `Process ${pid} has ended. Delegations it interrupted: ${interrupted}.${goOn}`,
    hasEnded: true,
  };
}
