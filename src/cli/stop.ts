import {setTimeout as pause} from 'node:timers/promises';
import {type RunningHost, runningHosts} from '../link/hosts.ts';
import {standingOf} from '../process/identity.ts';

/** A host ends itself within 15 s at the latest; then something is wrong that people should know of. */
const DEADLINE_MS = 20_000;
const LOOK_MS = 50;

/** Ends the host of this data folder, or all, and waits until they have gone. */
export async function stopHosts(options: {
  env: NodeJS.ProcessEnv;
  version: string;
  all: boolean;
}): Promise<void> {
  const hosts = await runningHosts(options);
  const wanted = hosts.filter(({isOurs}) => options.all || isOurs);
  if (wanted.length === 0) {
    const others =
      hosts.length === 0 ? '' : ` ${hosts.length} of other data folders or versions do; --all ends them.`;
    process.stdout.write(`No host of this data folder runs.${others}\n`);
  }
  for (const line of await Promise.all(wanted.map(end))) process.stdout.write(`${line}\n`);
}

async function end({owner, status: load}: RunningHost): Promise<string> {
  const {pid} = owner;
  // The number in an old lock may belong to another process by now.
  if (load === undefined) {
    process.exitCode = 1;
    return `Process ${pid} does not answer as a host and was left alone. If it is one, end it with: kill ${pid}`;
  }
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + DEADLINE_MS;
  while (standingOf(owner) !== 'gone') {
    if (Date.now() > deadline) {
      process.exitCode = 1;
      return `Process ${pid} has not ended within ${DEADLINE_MS / 1_000} s. End it with: kill -9 ${pid}`;
    }
    await pause(LOOK_MS);
  }
  return `Process ${pid} has ended. Delegations it interrupted: ${load.delegations}.`;
}
