import {existsSync} from 'node:fs';
import {NAME} from '../../base/name.ts';
import {inQuotes, oneLine} from '../../base/safe-text.ts';
import {counted} from '../../report/format.ts';
import type {ClientFile, KnownClient, Looker} from '../clients/client.ts';
import {type Entry, readEntries} from '../clients/entries.ts';
import {type Handshake, shakeHands} from '../clients/handshake.ts';
import {isOwnProgram} from '../clients/own-program.ts';
import {clientsFor} from '../clients/places.ts';
import {troubleIn} from '../clients/trouble.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';
import {type Finding, failed, fine, warning} from './finding.ts';

const INSTALL = `npm install -g ${NAME}`;
/** What is offered in any case. */
export const LEAST_TOOLS = [
  ...['delegate', 'delegation_read', 'delegation_list', 'delegation_cancel', 'delegation_reply'],
] as const;

export interface CheckClientsOptions extends Looker {
  /** The program that runs now, and its version. */
  readonly main: string;
  readonly version: string;
  /** True where OpenCode has us as a plugin, and needs no entry. */
  readonly hasPlugin: boolean;
}

/** Starts what the clients that are configured here start as our server, and looks whether it answers as ours does. */
export async function checkClients(options: CheckClientsOptions): Promise<readonly Finding[]> {
  const interrupt = untilInterrupted();
  try {
    const clients = clientsFor(options);
    const findings = clients.map((client) => checkClient(client, {...options, signal: interrupt.signal}));
    return (await Promise.all(findings)).flat();
  } finally {
    interrupt.done();
  }
}

interface Options extends CheckClientsOptions {
  readonly signal: AbortSignal;
}

/** Nothing where the client has no configuration here. */
async function checkClient(client: KnownClient, options: Options): Promise<readonly Finding[]> {
  const {name, title, files, add} = client;
  const byPath = new Map([...files].reverse().map((file) => [file.path, file]));
  const there = [...byPath.values()].reverse().filter(({path}) => existsSync(path));
  const findings = there.map((file) => checkFile(client, file, options));
  const found = (await Promise.all(findings)).flat();
  const isElsewhere = name === 'opencode' && options.hasPlugin;
  if (there.length === 0 || found.length > 0 || isElsewhere) return found;
  const places = there.map(({path}) => inQuotes(path)).join(', ');
  const otherwise = add === undefined ? '. docs/clients.md has the entry.' : `, or: ${add}`;
  return [warning(title, `It is not in ${places}.`, `To add it: ${installIn(client)}${otherwise}`)];
}

function installIn({name}: KnownClient): string {
  return `${NAME} install ${name}`;
}

async function checkFile(
  client: KnownClient,
  file: ClientFile,
  options: Options,
): Promise<readonly Finding[]> {
  const {title} = client;
  const where = inQuotes(file.path);
  const read = readEntries(client, file);
  switch (read.is) {
    case 'absent':
      return [];
    case 'locked':
      return [warning(title, `${where} cannot be read.`, 'Look at its mode and its owner.')];
    case 'broken':
      return [warning(title, `${where} has a mistake, and cannot be read.`, 'Correct the file.')];
    case 'read': {
      const findings = read.entries.map((entry) => checkEntry(entry, {client, file}, options));
      return (await Promise.all(findings)).flat();
    }
  }
}

interface Place {
  readonly client: KnownClient;
  readonly file: ClientFile;
}

/** Nothing for a plugin, which has a check of its own, and for a server that has nothing to do with us. */
async function checkEntry(
  entry: Entry,
  {client, file}: Place,
  options: Options,
): Promise<readonly Finding[]> {
  const {start, whose, path} = entry;
  const {title} = client;
  const says = `It is in ${inQuotes(file.path)}`;
  if (start === undefined) return [];
  if (start.is === 'switched off') return [fine(title, `${says}, and switched off.`)];
  if (start.is === 'without command')
    return [warning(title, `${says}, with no command that can be read.`, `docs/clients.md has the entry.`)];
  const {launch} = start;
  if (launch.command === 'npx')
    return [
      warning(
        title,
        `${says}, started with npx, which runs what a repository has under that name.`,
        `${INSTALL}, and ${NAME} as the command.`,
      ),
    ];
  if (!file.isOwn && !isOwnProgram(launch, options.main, options.env))
    return [
      warning(
        title,
        `${says}. It is not tried: a repository may have written it, and it starts ${inQuotes(launch.command)}.`,
        `Use the installed command: ${NAME}, without arguments.`,
      ),
    ];
  const found = await shakeHands(launch, options.signal);
  // Our name is in its command, and no more.
  if (found.is === 'foreign' && path.at(-1) !== NAME) return [];
  if (found.is === 'ours') return [judgedTools(found, {title, says, version: options.version})];
  if (found.is === 'interrupted') return [broken(title, `${says}. It was interrupted.`, 'Try again.')];
  const isAnother = whose === 'foreign' && found.is !== 'foreign';
  const program = `${inQuotes(launch.command)}${isAnother ? ', another program,' : ''}`;
  const cure = isAnother ? cureOfAnother(client, found) : cureOf(client, found);
  return [broken(title, `${says}. ${program} ${troubleIn(found, launch)}`, cure)];
}

type Broken = Exclude<Handshake, {is: 'ours' | 'interrupted'}>;

function cureOf(client: KnownClient, found: Broken): string {
  switch (found.is) {
    case 'missing':
      return `${INSTALL}, or correct the path.`;
    case 'ended':
      return `Run it in a shell, or install it again: ${INSTALL}`;
    case 'silent':
      return 'Run it in a shell. If it is only slow, give it more time in that entry.';
    case 'refused':
      return 'Restart the client.';
    case 'foreign':
      return `Give it another name, and add this one: ${installIn(client)}`;
  }
}

/** It may be a wrapper that starts us, or a server of somebody's that has our name: nothing shows which. */
function cureOfAnother(client: KnownClient, {is}: Broken): string {
  const first = is === 'missing' ? 'Correct the path' : 'Run it in a shell';
  const slow = is === 'silent' ? ' If it is only slow, give it more time in that entry.' : '';
  return `${first}.${slow} If it is another server, give it another name, and add this one: ${installIn(client)}`;
}

function judgedTools(
  found: Handshake & {readonly is: 'ours'},
  {title, says, version}: {readonly title: string; readonly says: string; readonly version: string},
): Finding {
  const missing = LEAST_TOOLS.filter((tool) => !found.tools.includes(tool));
  const answered = `It answers after ${(found.ms / 1_000).toFixed(1)} s`;
  if (missing.length > 0)
    return broken(title, `${says}. ${answered}, without ${missing.join(', ')}.`, `${INSTALL}@latest`);
  const tools = counted(found.tools.length, 'tool');
  if (found.version === version) return fine(title, `${says}. ${answered}, with ${tools}.`);
  return warning(
    title,
    `${says}. ${answered}, with ${tools}, as version ${oneLine(found.version)}. This is ${version}.`,
    `${INSTALL}@latest, then start the client again.`,
  );
}

function broken(what: string, says: string, cure: string): Finding {
  return failed(what, says.endsWith('.') ? says : `${says}.`, cure);
}
