import {Refusal} from '../../base/errors.ts';
import {NESTED_MARK} from '../../base/nested.ts';
import {CLIENTS, type KnownClient, type Scope} from '../clients/client.ts';
import {lastingPath} from '../clients/ours.ts';
import {clientsFor, isThere} from '../clients/places.ts';
import {type Invocation, type OptionSpec, UsageError} from '../line/command.ts';

/** What `install` and `uninstall` both take. */
export const INSTALL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  global: {type: 'boolean', about: 'For you, in all projects. This is the default.'},
  project: {type: 'boolean', about: 'For all who work in the project that you are in.'},
  'dry-run': {type: 'boolean', about: 'Only show what would change.'},
  yes: {type: 'boolean', short: 'y', about: 'Do not ask.'},
};

/** @throws UsageError for both; Refusal in the shell of a delegated agent. */
export function chosenScope({has, env}: Invocation): Scope {
  if ((env[NESTED_MARK] ?? '') !== '')
    throw new Refusal(
      'A delegated agent does not change what a person has set up. Ask the person to run it.',
    );
  if (has('global') && has('project')) throw new UsageError('Give --global or --project, not both.');
  if (has('yes') && has('dry-run')) throw new UsageError('Give --yes or --dry-run, not both.');
  return has('project') ? 'project' : 'global';
}

/** The clients that are named, else those that are here. @throws UsageError for a name that nobody has. */
export async function chosenClients({args, env, cwd}: Invocation): Promise<readonly KnownClient[]> {
  // What npm and npx put on PATH for now is not there when a client starts.
  const all = clientsFor({env: {...env, PATH: lastingPath(env)}, cwd});
  const names: readonly string[] = CLIENTS;
  const unknown = args.find((arg) => !names.includes(arg));
  if (unknown !== undefined)
    throw new UsageError(`No client is called "${unknown}". They are: ${names.join(', ')}.`);
  if (args.length > 0) return all.filter(({name}) => args.includes(name));
  const found = await Promise.all(all.map(async (client) => ((await isThere(client, env)) ? [client] : [])));
  return found.flat();
}
