import {existsSync} from 'node:fs';
import {messageOf} from '../../base/errors.ts';
import {inQuotes, manyLines, oneLine} from '../../base/safe-text.ts';
import {locateEndpoint} from '../../link/endpoint.ts';
import type {EnvironmentStatus} from '../../link/handshake.ts';
import {type RunningHost, runningHosts} from '../../link/hosts.ts';
import {whyWaiting} from '../../pool/client/line.ts';
import {keyFilesIn, readOwnerKey} from '../../pool/keys/key-files.ts';
import {type Command, EXIT} from '../line/command.ts';
import {settingsIn, withPool} from '../sources/pool.ts';
import {workerLine} from '../terminal/worker-line.ts';

/** Names above this number are counted only. */
const NAMED_VARIABLES = 12;

export const status: Command = {
  usage: '',
  about:
    'Shows the background processes (hosts) that run for you, the environments that each works in, with the names of the variables that differ, and where their log is. Where a pool is set, also its workers, and how many of yours wait in it and why.',
  options: {},
  examples: [['status', 'see what runs, and where the log is']],
  takes: {least: 0, most: 0},
  async run({env, version, terminal}) {
    const options = {env, version};
    const hosts = await runningHosts(options);
    const lines = hosts.length === 0 ? ['No host runs.'] : hosts.flatMap(linesOf);
    const workers = await poolLines(env);
    terminal.print(...[...lines, ...workers, `Log: ${inQuotes(locateEndpoint(options).log)}`].map(manyLines));
    return EXIT.ok;
  },
};

/** The workers of the pool, where one is set. */
async function poolLines(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const pool = settingsIn(env);
  if (pool === undefined) return [];
  try {
    const owner = ownerIn(env);
    return await withPool(pool, async (queue) => {
      const cards = await queue.workers();
      const jobs = owner === undefined ? [] : await queue.jobs(owner);
      const waiting = jobs.filter(({stands}) => stands === 'waiting');
      const whys = waiting.map((job) => whyWaiting(job, {cards, owner: owner ?? ''}));
      return [
        cards.length === 0 ? 'Pool: no worker' : 'Pool:',
        ...cards.map((card) => `  ${workerLine(card)}`),
        ...[...new Set(whys)].map(
          (why) => `  ${whys.filter((one) => one === why).length} of yours in line: ${why}`,
        ),
      ];
    });
  } catch (error) {
    return [`Pool: ${messageOf(error)}`];
  }
}

/** The person's name in the pool; `undefined` where there is no key. */
function ownerIn(env: NodeJS.ProcessEnv): string | undefined {
  const files = keyFilesIn(env);
  return existsSync(files.owner) ? readOwnerKey(files).fingerprint : undefined;
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
