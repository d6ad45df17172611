import {inQuotes} from '../../base/safe-text.ts';
import type {KnownClient, Scope} from '../clients/client.ts';
import {type Entry, entriesIn} from '../clients/entries.ts';
import {type Handshake, shakeHands} from '../clients/handshake.ts';
import {type Launch, startOfEntry} from '../clients/launch.ts';
import {isOwnProgram} from '../clients/own-program.ts';
import {troubleIn} from '../clients/trouble.ts';
import {valueIn} from '../clients/value.ts';
import type {Invocation} from '../line/command.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';
import {configurationText} from './files.ts';
import {installedCommand, ownLaunch} from './own-launch.ts';
import type {ClientPlan} from './plan.ts';

/** OpenCode gives a server that its plugin adds more time than one of its configuration. */
const PLUGIN_WAIT_MS = 30_000;

type Prover = Pick<Invocation, 'env' | 'main' | 'version' | 'terminal'>;

/** Starts what each client has been given, as the client does, once for all that start the same. True where all answer. */
export async function proveAll(plans: readonly ClientPlan[], scope: Scope, call: Prover): Promise<boolean> {
  const {terminal} = call;
  const interrupt = untilInterrupted();
  const proofs = new Map<string, Promise<Handshake>>();
  let isWell = true;
  try {
    for (const {client, is} of plans) {
      if (is !== 'to do' && is !== 'done') continue;
      const launch = launchIn(client, scope, call);
      if (typeof launch === 'string') {
        terminal.print(`${client.title}: ${launch}`);
        continue;
      }
      const key = JSON.stringify(launch);
      const proof = proofs.get(key) ?? shakeHands(launch, interrupt.signal);
      proofs.set(key, proof);
      const found = await proof;
      if (found.is === 'ours') {
        const note = is === 'to do' && client.note !== undefined ? ` ${client.note}` : '';
        terminal.print(`${client.title}: it starts, and has ${found.tools.length} tools.${note}`);
      } else {
        isWell = false;
        terminal.complain(
          `${client.title}: what it has been given does not work: it ${troubleIn(found, launch)}.`,
        );
      }
      if (found.is === 'interrupted') break;
    }
  } finally {
    interrupt.done();
  }
  return isWell;
}

/** As its file says it, or why that is not started. A plugin starts what runs now. */
function launchIn(client: KnownClient, scope: Scope, call: Prover): Launch | string {
  for (const {file, kind} of client.servers[scope] ?? []) {
    const text = kind === 'servers' || kind === 'toml' ? configurationText(file) : undefined;
    const entries = text === undefined ? [] : entriesIn(valueIn(file, text), client, file);
    const own = entries.find(({whose, path}) => whose !== 'foreign' && path.length === 2);
    if (own === undefined) continue;
    const isOwn = client.files.some((one) => one.path === file && one.isOwn);
    return launchOf(own, isOwn, call);
  }
  const {command, args} = ownLaunch(call);
  const [place] = client.servers[scope] ?? [];
  const start = startOfEntry({command, args, timeout: PLUGIN_WAIT_MS}, client, place?.file ?? '');
  if (start.is !== 'started') throw new Error('What we write starts something.');
  return start.launch;
}

function launchOf({start}: Entry, isOwn: boolean, {env, main}: Prover): Launch | string {
  switch (start?.is) {
    case 'started': {
      const {launch} = start;
      const programs = [main, installedCommand(env)].filter((program) => program !== undefined);
      // A repository may have written an entry that was there already.
      if (isOwn || programs.some((program) => isOwnProgram(launch, program, launch.env))) return launch;
      return `it is not tried: a repository may have written it, and it starts ${inQuotes(launch.command)}.`;
    }
    case 'switched off':
      return 'it is there, and switched off.';
    default:
      return 'it is there, with values that cannot be read: docs/clients.md has the entry.';
  }
}
