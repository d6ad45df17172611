import {inQuotes, manyLines, oneLine} from '../base/safe-text.ts';
import {locateEndpoint} from '../link/endpoint.ts';
import type {EnvironmentStatus} from '../link/handshake.ts';
import {type RunningHost, runningHosts} from '../link/hosts.ts';

/** Names above this number are counted only. */
const NAMED_VARIABLES = 12;

/** Prints the hosts that run, with the environments that each works in, and where their log is. */
export async function status(options: {env: NodeJS.ProcessEnv; version: string}): Promise<void> {
  const hosts = await runningHosts(options);
  const lines = hosts.length === 0 ? ['No host runs.'] : hosts.flatMap(linesOf);
  const all = [...lines, `Log: ${inQuotes(locateEndpoint(options).log)}`];
  process.stdout.write(all.map((line) => `${manyLines(line)}\n`).join(''));
}

function linesOf({owner, isOurs, status: load}: RunningHost): readonly string[] {
  const facts = [
    `process ${owner.pid}`,
    `since ${new Date(owner.since).toISOString()}`,
    load === undefined
      ? 'does not answer'
      : `clients: ${load.connections} · delegations: ${load.delegations}`,
    ...(isOurs
      ? []
      : [`of another data folder or version${load === undefined ? '' : `: ${inQuotes(load.dataDir)}`}`]),
  ];
  const environments = load?.environments ?? [];
  return [facts.join(' · '), ...environments.map((one, at) => `  ${environmentLine(one, at)}`)];
}

function environmentLine({clients, delegations, servers, differsIn}: EnvironmentStatus, at: number): string {
  const facts = `environment ${at + 1} · clients: ${clients} · delegations: ${delegations} · OpenCode servers: ${servers}`;
  return differsIn.length === 0 ? facts : `${facts} · differs from the first in ${named(differsIn)}`;
}

function named(names: readonly string[]): string {
  const more = names.length - NAMED_VARIABLES;
  return `${names.slice(0, NAMED_VARIABLES).map(oneLine).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
