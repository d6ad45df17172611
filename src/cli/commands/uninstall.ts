import {existsSync} from 'node:fs';
import {inQuotes} from '../../base/safe-text.ts';
import {ownBinary, removeBinary} from '../../opencode/server/own-binary.ts';
import {CLIENTS} from '../clients/client.ts';
import {clientsFor} from '../clients/places.ts';
import {takeBack} from '../install/carry-out.ts';
import {chosenClients, chosenScope, INSTALL_OPTIONS} from '../install/choose.ts';
import {Receipts} from '../install/receipts.ts';
import {isWanted, makeEach, showPlans} from '../install/show.ts';
import {planUninstall} from '../install/unplan.ts';
import {type Command, EXIT} from '../line/command.ts';

export const uninstall: Command = {
  usage: '[client…] [--global | --project] [--dry-run] [--yes]',
  about:
    'Takes back what install has changed, in all clients or in those that you name. A file that has not been changed since becomes what it was before, to the byte; of another one, only what install has added is taken out. What you have added yourself stays, and so do delegations and their results.',
  options: INSTALL_OPTIONS,
  examples: [
    ['uninstall', 'from all clients'],
    ['uninstall cursor --dry-run', 'show what would change for Cursor'],
  ],
  takes: {least: 0, most: CLIENTS.length},
  async run(call) {
    const {env, cwd, args, terminal} = call;
    const scope = chosenScope(call);
    const receipts = new Receipts(env);
    // A client may be gone whose files are still there.
    const clients = args.length > 0 ? await chosenClients(call) : clientsFor({env, cwd});
    const all = clients.map((client) => planUninstall(client, {scope, receipts: receipts.all()}));
    const plans = args.length > 0 ? all : all.filter(({is}) => is !== 'done');
    showPlans(plans, terminal);
    // A folder goes with the file that it was made for, which comes last.
    const changes = [...plans].reverse().flatMap((plan) => plan.changes);
    const binary = ownBinary(env);
    const isRemoved =
      scope === 'global' && clients.some(({name}) => name === 'opencode') && existsSync(binary);
    if (isRemoved) terminal.print(`OpenCode: ${inQuotes(binary)} (removed)`);
    const isWell = plans.every(({is}) => is !== 'failed');
    if (changes.length === 0 && !isRemoved) {
      if (plans.length === 0) terminal.print('Nothing that install has added is there.');
      return isWell ? EXIT.ok : EXIT.failed;
    }
    if (!(await isWanted(call))) return EXIT.ok;
    const failed = await makeEach(changes, terminal, (change) => takeBack(change, {receipts, scope}));
    if (isRemoved) removeBinary(env);
    terminal.print('Done.');
    return isWell && failed.size === 0 ? EXIT.ok : EXIT.failed;
  },
};
