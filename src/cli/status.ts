import {locateEndpoint} from '../host/endpoint.ts';
import {type RunningHost, runningHosts} from '../host/hosts.ts';

/** Prints the hosts that run, one a line, and where their log is. */
export async function status(options: {env: NodeJS.ProcessEnv; version: string}): Promise<void> {
  const hosts = await runningHosts(options);
  const lines = hosts.length === 0 ? ['No host runs.'] : hosts.map(lineOf);
  process.stdout.write(`${[...lines, `Log: ${locateEndpoint(options).log}`].join('\n')}\n`);
}

function lineOf({owner, isOfThisEnvironment, load}: RunningHost): string {
  const facts = [
    `process ${owner.pid}`,
    `since ${new Date(owner.startedAt).toISOString()}`,
    load === undefined
      ? 'does not answer'
      : `clients: ${load.connections} · delegations: ${load.delegations}`,
    isOfThisEnvironment ? 'of this environment' : 'of another environment',
  ];
  return facts.join(' · ');
}
