import {dirname, join, sep} from 'node:path';
import {pathToFileURL} from 'node:url';
import which from 'which';
import {NAME} from '../../base/name.ts';
import type {ServerPlace} from '../clients/client.ts';
import {type CommandLine, lastingPath, whoseIs} from '../clients/ours.ts';

/** How clients are to start us. */
export interface OwnLaunch extends CommandLine {
  /** What has to be run first, where only npx has brought us. */
  readonly needs?: readonly string[];
  /** True for a path that means something on this machine alone. */
  readonly isLocal: boolean;
  /** The program that runs now. */
  readonly main: string;
}

/**
 * The installed command where there is one, for it stays the same when it is upgraded; else this program, as from a
 * checkout; for what npx has brought, the command that an installation will bring: npx may remove its copy any time.
 */
export function ownLaunch({
  env,
  main,
  version,
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly main: string;
  readonly version: string;
}): OwnLaunch {
  const path = lastingPath(env);
  const command = {command: NAME, args: [], isLocal: false, main};
  if (installedCommand(env) !== undefined) return command;
  if (main.includes(`${sep}_npx${sep}`))
    return {...command, needs: ['npm', 'install', '-g', `${NAME}@${version}`]};
  const node = which.sync('node', {nothrow: true, path}) === null ? process.execPath : 'node';
  return {command: node, args: [main], isLocal: true, main};
}

/** Where the installed command is, if there is one of ours. */
export function installedCommand(env: NodeJS.ProcessEnv): string | undefined {
  const lasting = {...env, PATH: lastingPath(env)};
  const isOurs = whoseIs({command: NAME, args: []}, lasting) === 'ours';
  return isOurs ? (which.sync(NAME, {nothrow: true, path: lasting.PATH}) ?? undefined) : undefined;
}

/** What an entry of ours says. */
export function entryFor(place: ServerPlace, launch: OwnLaunch): unknown {
  const {command, args, isLocal, main} = launch;
  switch (place.kind) {
    case 'servers':
      return {...place.extra, command, args};
    case 'toml':
      // As `codex mcp add` writes it.
      return args.length === 0 ? {command} : {command, args};
    case 'plugins':
      return isLocal ? pathToFileURL(join(dirname(main), 'plugin.js')).href : NAME;
    case 'screen-plugins':
      return isLocal ? pathToFileURL(join(dirname(main), 'tui.js')).href : NAME;
  }
}
