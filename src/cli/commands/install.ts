import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {messageOf, Refusal} from '../../base/errors.ts';
import {NAME} from '../../base/name.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {hasBinary} from '../../opencode/server/binary.ts';
import {fetchBinary, fetchCommand, ownBinary} from '../../opencode/server/own-binary.ts';
import {CLIENTS} from '../clients/client.ts';
import {carryOut} from '../install/carry-out.ts';
import {chosenClients, chosenScope, INSTALL_OPTIONS} from '../install/choose.ts';
import {type OwnLaunch, ownLaunch} from '../install/own-launch.ts';
import {planInstall} from '../install/plan.ts';
import {proveAll} from '../install/prove.ts';
import {Receipts} from '../install/receipts.ts';
import {isWanted, makeEach, showPlans} from '../install/show.ts';
import {type Command, EXIT} from '../line/command.ts';

export const install: Command = {
  usage: '[client…] [--global | --project] [--dry-run] [--yes]',
  about: `Adds the server, and the hook where there is one, to the clients that are here, or to those that you name: ${CLIENTS.join(', ')}. It shows the exact change of each file and asks before anything is written. Each file keeps a copy beside it, and uninstall takes exactly the change back. Where no OpenCode can be used, it also gets the tested version with npm, into a folder of ours. Last, it starts what it has added, as a client would, and lists its tools.`,
  options: INSTALL_OPTIONS,
  examples: [
    ['install', 'all clients that are here'],
    ['install codex gemini --dry-run', 'show what would change for these two'],
    ['install claude-code --project', 'for all who work in this project'],
    ['install opencode', 'where there is no OpenCode, or one that is too new: get one'],
  ],
  takes: {least: 0, most: CLIENTS.length},
  async run(call) {
    const {env, main, version, terminal, args} = call;
    const scope = chosenScope(call);
    const launch = ownLaunch({env, main, version});
    if (scope === 'project' && launch.isLocal)
      throw new Refusal(
        `Others have no ${inQuotes(main)}. Install the package first: npm install -g ${NAME}`,
      );
    const isMissing = !(await hasBinary({named: env.OPENCODE_DELEGATE_BIN?.trim() || undefined, env}));
    const isFetched = isMissing && (args.length === 0 || args.includes('opencode'));
    // OpenCode itself is meant where there is none to put a plugin into.
    const clients = (await chosenClients(call)).filter(({name}) => !(isFetched && name === 'opencode'));
    const plans = clients.map((client) => planInstall(client, {scope, launch}));
    showPlans(plans, terminal);
    if (clients.length === 0 && !isFetched) {
      terminal.complain(`No client was found. Name one: ${CLIENTS.join(', ')}.`);
      return EXIT.failed;
    }
    const changes = plans.flatMap((plan) => plan.changes);
    const hasNeed = launch.needs !== undefined && changes.length > 0;
    if (hasNeed) terminal.print(`To be run first: ${launch.needs?.join(' ')}`);
    if (isFetched)
      terminal.print(
        `OpenCode: there is none that can be used. To be run: ${fetchCommand('<folder>').join(' ')}`,
        `  Its binary, some 180 MB, becomes ${inQuotes(ownBinary(env))}.`,
      );
    const isWell = plans.every(({is}) => is === 'to do' || is === 'done');
    if (changes.length > 0 || isFetched) {
      if (!(await isWanted(call))) return EXIT.ok;
      if (hasNeed) await runNeed(launch, env);
      if (isFetched) terminal.print(`OpenCode: ${inQuotes(await fetchBinary(env))} is used from now on.`);
    }
    const receipts = new Receipts(env);
    const failed = await makeEach(changes, terminal, (change) => carryOut(change, {receipts, scope}));
    // What could not be written proves nothing.
    const made = plans.filter(({client}) => !failed.has(client));
    const isProved = await proveAll(made, scope, call);
    return isWell && failed.size === 0 && isProved ? EXIT.ok : EXIT.failed;
  },
};

async function runNeed({needs = []}: OwnLaunch, env: NodeJS.ProcessEnv): Promise<void> {
  const [program = '', ...args] = needs;
  try {
    await promisify(execFile)(program, args, {env, shell: process.platform === 'win32'});
  } catch (error) {
    throw new Refusal(`${needs.join(' ')} failed, and nothing was changed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
