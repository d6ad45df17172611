import {isAbsolute} from 'node:path';
import which from 'which';
import {NAME} from '../../base/name.ts';
import {realPathSync} from '../../base/real-path.ts';
import type {Launch} from './launch.ts';

/** No other variable reaches us alone: NODE_OPTIONS loads code, and PATH chooses the Node that is started. */
const OUR_VARIABLE = /^OPENCODE_DELEGATE_(?!BIN$)\w+$/;

/**
 * True where an entry starts the program that runs now and nothing else: a repository may have written it, and what a
 * repository chooses is not started just to look.
 */
export function isOwnProgram({command, args, added}: Launch, main: string, env: NodeJS.ProcessEnv): boolean {
  if (!Object.keys(added).every((name) => OUR_VARIABLE.test(name))) return false;
  const [program = command, ...rest] = command === 'node' ? args : [command, ...args];
  if (rest.length > 0) return false;
  const path = program === NAME ? onPath(program, env) : program;
  return path !== undefined && isAbsolute(path) && realPathSync(path) === realPathSync(main);
}

function onPath(program: string, env: NodeJS.ProcessEnv): string | undefined {
  return which.sync(program, {nothrow: true, path: env.PATH ?? ''}) ?? undefined;
}
