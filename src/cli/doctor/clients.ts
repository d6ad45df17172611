import {existsSync} from 'node:fs';
import {inQuotes, oneLine} from '../../base/safe-text.ts';
import {Secrets} from '../../opencode/secrets/secrets.ts';
import {counted} from '../../report/format.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';
import {type Entry, type Launch, readEntries} from './clients/entries.ts';
import {type Handshake, shakeHands} from './clients/handshake.ts';
import {
  type ClientFile,
  type ClientOptions,
  type KnownClient,
  knownClients,
  OUR_NAME,
} from './clients/known-clients.ts';
import {isOwnProgram} from './clients/own-program.ts';
import {type Finding, failed, fine, warning} from './finding.ts';

const INSTALL = `npm install -g ${OUR_NAME}`;
/** What is offered in any case. With requests that wait for an answer, there is one more. */
export const LEAST_TOOLS = ['delegate', 'delegation_read', 'delegation_list', 'delegation_cancel'] as const;

export interface CheckClientsOptions extends ClientOptions {
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
    const clients = knownClients(options);
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
  const {name, files, add} = client;
  const byPath = new Map([...files].reverse().map((file) => [file.path, file]));
  const there = [...byPath.values()].reverse().filter(({path}) => existsSync(path));
  const findings = there.map((file) => checkFile(client, file, options));
  const found = (await Promise.all(findings)).flat();
  const isElsewhere = name === 'OpenCode' && options.hasPlugin;
  if (there.length === 0 || found.length > 0 || isElsewhere) return found;
  const places = there.map(({path}) => inQuotes(path)).join(', ');
  return [warning(name, `It is not in ${places}.`, `To add it: ${add}`)];
}

async function checkFile(
  client: KnownClient,
  file: ClientFile,
  options: Options,
): Promise<readonly Finding[]> {
  const {name} = client;
  const where = inQuotes(file.path);
  const read = readEntries(client, file, options);
  switch (read.is) {
    case 'absent':
      return [];
    case 'locked':
      return [warning(name, `${where} cannot be read.`, 'Look at its mode and its owner.')];
    case 'broken':
      return [warning(name, `${where} has a mistake, and cannot be read.`, 'Correct the file.')];
    case 'read':
      return Promise.all(read.entries.map((entry) => checkEntry(entry, {name, file}, options)));
  }
}

interface Place {
  readonly name: string;
  readonly file: ClientFile;
}

async function checkEntry(entry: Entry, {name, file}: Place, options: Options): Promise<Finding> {
  const says = `It is in ${inQuotes(file.path)}`;
  if (entry.is === 'switched off') return fine(name, `${says}, and switched off.`);
  if (entry.is === 'without command')
    return warning(name, `${says}, with no command that can be read.`, `docs/clients.md has the entry.`);
  const {launch} = entry;
  if (launch.command === 'npx')
    return warning(
      name,
      `${says}, started with npx, which runs what a repository has under that name.`,
      `${INSTALL}, and ${OUR_NAME} as the command.`,
    );
  if (!file.isOwn && !isOwnProgram(launch, options.main, options.env))
    return warning(
      name,
      `${says}. It is not tried: a repository may have written it, and it starts ${inQuotes(launch.command)}.`,
      `Use the installed command: ${OUR_NAME}, without arguments.`,
    );
  const found = await shakeHands(launch, options.signal);
  return judged(found, launch, {...options, name, says});
}

function judged(
  found: Handshake,
  {command, env, waitMs}: Launch,
  {name, says, version}: Options & {readonly name: string; readonly says: string},
): Finding {
  const saying = (said: string) =>
    said === '' ? 'says nothing on stderr' : `says: ${oneLine(new Secrets(env).conceal(lastLines(said)))}`;
  const program = inQuotes(command);
  switch (found.is) {
    case 'missing':
      return broken(
        name,
        `${says}. ${program} cannot be started: ${found.says}`,
        `${INSTALL}, or correct the path.`,
      );
    case 'ended':
      return broken(
        name,
        `${says}. ${program} ends at once (${found.how}), and ${saying(found.said)}`,
        `Run it in a shell, or install it again: ${INSTALL}`,
      );
    case 'silent':
      return broken(
        name,
        `${says}. ${program} has not answered within ${waitMs / 1_000} s, and ${saying(found.said)}`,
        'Run it in a shell. If it is only slow, give it more time in that entry.',
      );
    case 'refused':
      return broken(name, `${says}. ${program} refuses: ${oneLine(found.says)}`, 'Restart the client.');
    case 'foreign':
      return broken(
        name,
        `${says}. ${program} is another server, ${inQuotes(found.name)}.`,
        `Give it another name, and add this one. ${INSTALL}`,
      );
    case 'interrupted':
      return broken(name, `${says}. It was interrupted.`, 'Try again.');
    case 'ours':
      return judgedTools(found, {name, says, version});
  }
}

function judgedTools(
  found: Handshake & {readonly is: 'ours'},
  {name, says, version}: {readonly name: string; readonly says: string; readonly version: string},
): Finding {
  const missing = LEAST_TOOLS.filter((tool) => !found.tools.includes(tool));
  const answered = `It answers after ${(found.ms / 1_000).toFixed(1)} s`;
  if (missing.length > 0)
    return broken(name, `${says}. ${answered}, without ${missing.join(', ')}.`, `${INSTALL}@latest`);
  const tools = counted(found.tools.length, 'tool');
  if (found.version === version) return fine(name, `${says}. ${answered}, with ${tools}.`);
  return warning(
    name,
    `${says}. ${answered}, with ${tools}, as version ${oneLine(found.version)}. This is ${version}.`,
    `${INSTALL}@latest, then start the client again.`,
  );
}

function broken(what: string, says: string, cure: string): Finding {
  return failed(what, says.endsWith('.') ? says : `${says}.`, cure);
}

/** Where a program has failed, what it says last is why. Node adds its version. */
function lastLines(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '' && !/^Node\.js v/.test(line));
  const errors = lines.filter((line) => /error|cannot|not found|fail/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join(' ').slice(-600);
}
