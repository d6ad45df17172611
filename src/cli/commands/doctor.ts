import {oneLine} from '../../base/safe-text.ts';
import {checkClients} from '../doctor/clients.ts';
import {type Finding, failed, fine} from '../doctor/finding.ts';
import {checkFolders} from '../doctor/folders.ts';
import {checkHosts} from '../doctor/hosts.ts';
import {checkLive} from '../doctor/live.ts';
import {checkOpenCode} from '../doctor/opencode.ts';
import {checkPlugin} from '../doctor/plugin.ts';
import {checkPool} from '../doctor/pool.ts';
import {type Command, EXIT, type Invocation} from '../line/command.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import type {Style, Terminal} from '../terminal/terminal.ts';

const OLDEST_NODE = [20, 19] as const;
const LOOKS: Readonly<Record<Finding['is'], Style>> = {ok: 'good', warning: 'attention', failed: 'bad'};
const WORD_WIDTH = 7;

export const doctor: Command = {
  usage: '[--live] [--pool] [--json]',
  about:
    'Checks all that delegations need, one check on a line, each with its cure: Node, settings, OpenCode and its model, folders, hosts, and the clients that are configured here. It exits with 1 when one has failed. OpenCode, and what the clients start as our server, are started for it and ended again.',
  options: {
    live: {
      type: 'boolean',
      about: 'Also have the model answer with one word, in a delegation. This may cost a little.',
    },
    pool: {
      type: 'boolean',
      about:
        'Only the pool: its keys, database and clocks, and a question through each worker, with how long it took, its versions, and whether they go together with these.',
    },
    json: {type: 'boolean', about: 'As JSON.'},
  },
  examples: [
    ['doctor', 'when something does not work'],
    ['doctor --live', 'after an installation: everything, up to an answer'],
  ],
  takes: {least: 0, most: 0},
  async run(call) {
    const {terminal, has} = call;
    const findings: Finding[] = [];
    for await (const finding of checks(call)) {
      findings.push(finding);
      // Some take seconds: each is said when it is known.
      if (!has('json')) terminal.print(lineOf(finding, terminal));
    }
    const isWell = findings.every(({is}) => is !== 'failed');
    if (has('json')) terminal.print(JSON.stringify({ok: isWell, checks: findings}, undefined, 2));
    return isWell ? EXIT.ok : EXIT.failed;
  },
};

async function* checks(call: Invocation): AsyncGenerator<Finding, void> {
  const {env, cwd, version, main, has} = call;
  if (has('pool')) {
    yield* checkPool({env, version});
    return;
  }
  const records = new RecordsOnDisk(env);
  yield checkNode(process.versions.node);
  yield* checkFolders(records, {env, version});
  yield* await checkHosts({env, version, root: records.root});
  const openCode = yield* checkOpenCode(env);
  const plugin = checkPlugin({env, cwd, main, openCode});
  if (plugin !== undefined) yield plugin;
  yield* await checkClients({env, cwd, main, version, hasPlugin: plugin !== undefined});
  if (has('live')) yield await checkLive(call);
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldest, minorOfOldest] = OLDEST_NODE;
  const isOld = major < oldest || (major === oldest && minor < minorOfOldest);
  return isOld
    ? failed('Node', `It is ${version}.`, `Install Node ${OLDEST_NODE.join('.')} or later.`)
    : fine('Node', `It is ${version}.`);
}

function lineOf({what, is, says, cure}: Finding, terminal: Terminal): string {
  const words = oneLine(`${says}${cure === undefined ? '' : ` ${cure}`}`);
  return `${terminal.paint(LOOKS[is], is.padEnd(WORD_WIDTH))}  ${terminal.paint('strong', oneLine(what))}: ${words}`;
}
