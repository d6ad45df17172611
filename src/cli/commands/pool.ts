import {existsSync} from 'node:fs';
import {Refusal} from '../../base/errors.ts';
import {inQuotes, oneLine} from '../../base/safe-text.ts';
import {type KeyFiles, keyFilesIn, readGroupKey, readOwnerKey, writeKey} from '../../pool/keys/key-files.ts';
import {GroupKey} from '../../pool/seal/group-key.ts';
import {OwnerKey} from '../../pool/seal/owner-key.ts';
import type {PoolSettings} from '../../settings/pool.ts';
import {type Command, EXIT, type Invocation, UsageError} from '../line/command.ts';
import {poolOf, withPool} from '../sources/pool.ts';
import {workerLine} from '../terminal/worker-line.ts';
import {collectJobs, showJobs} from './pool-jobs.ts';

const ACTIONS: Readonly<Record<string, (call: Invocation) => Promise<number>>> = {
  init,
  setup,
  workers,
  jobs: (call) => showJobs(call, poolIn(call)),
  collect: (call) => collectJobs(call, {pool: poolIn(call), ids: call.args.slice(1)}),
};

export const pool: Command = {
  usage: '[init | setup | workers | jobs | collect [id…]]',
  about:
    'Shows your name in the pool and its workers. init makes the keys that are missing here, each in a file that only you can read, and prints what other machines need. setup makes the tables in a Postgres, and gives a role what it needs, and no more. jobs shows what all your machines have in the pool. collect takes what has come of work that another machine of yours has sent, into the repository that you are in: as a record and a branch here.',
  options: {
    pool: {type: 'string', value: 'URL', about: 'Its database. Default: OPENCODE_DELEGATE_POOL.'},
    role: {type: 'string', value: 'NAME', about: 'With setup: the role that clients and workers connect as.'},
  },
  examples: [
    ['pool init', 'make the keys, once for the group and once for you'],
    ['pool setup --pool postgres://admin@db/pool --role team', 'make the tables'],
    ['pool', 'your name in the pool, and its workers'],
    ['pool collect', 'take what waits for this repository and was sent from another machine of yours'],
  ],
  takes: {least: 0, most: 100},
  async run(call) {
    const [name] = call.args;
    if (name === undefined) {
      show(call);
      await workers(call);
      return EXIT.ok;
    }
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined) {
      throw new UsageError(`pool has no "${oneLine(name)}". There are: ${Object.keys(ACTIONS).join(', ')}.`);
    }
    if (name !== 'collect' && call.args.length > 1) throw new UsageError(`pool ${name} takes no argument.`);
    return action(call);
  },
};

async function init({env, terminal}: Invocation): Promise<number> {
  const files = keyFilesIn(env);
  const isNewGroup = writeKey(files.group, GroupKey.create().toText());
  const isNewOwner = writeKey(files.owner, OwnerKey.create().toText());
  const {fingerprint} = readOwnerKey(files);
  readGroupKey(files);
  terminal.print(
    `${isNewGroup ? 'Made' : 'There was'} the key of the group: ${inQuotes(files.group)}`,
    `${isNewOwner ? 'Made' : 'There was'} your own key: ${inQuotes(files.owner)}`,
    `Your name in the pool: ${fingerprint}`,
    ...otherMachines(files, fingerprint),
  );
  return EXIT.ok;
}

function otherMachines({group, owner}: KeyFiles, fingerprint: string): readonly string[] {
  return [
    `A worker needs the same ${inQuotes(group)}, by a way that others do not see (scp, a secret store), and never ${inQuotes(owner)}. Then: opencode-delegate worker --owners ${fingerprint}`,
    `Another machine of yours needs both files. Another person of the group needs the first, and runs pool init for one of their own.`,
  ];
}

async function setup(call: Invocation): Promise<number> {
  const {text, terminal} = call;
  const {url} = poolIn(call);
  const role = text('role');
  const {setUpPool} = await import('../../pool/engine/open.ts');
  await setUpPool(url, role === undefined ? {} : {role});
  terminal.print(
    role === undefined ? 'The tables are there.' : `The tables are there, and ${oneLine(role)} can use them.`,
  );
  return EXIT.ok;
}

async function workers(call: Invocation): Promise<number> {
  const {terminal} = call;
  const cards = await withPool(poolIn(call), (queue) => queue.workers());
  terminal.print(
    ...(cards.length === 0 ? ['No worker serves this pool at the moment.'] : cards.map(workerLine)),
  );
  return EXIT.ok;
}

function show({env, terminal}: Invocation): void {
  const files = keyFilesIn(env);
  if (!existsSync(files.owner)) {
    throw new Refusal('You have no key for a pool on this machine: `opencode-delegate pool init` makes one.');
  }
  terminal.print(`Your name in the pool: ${readOwnerKey(files).fingerprint}`);
}

/** The pool that the command line or the settings name. */
function poolIn({env, text}: Invocation): PoolSettings {
  const url = text('pool');
  return poolOf(url === undefined ? env : {...env, OPENCODE_DELEGATE_POOL: url});
}
