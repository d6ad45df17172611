/**
 * Runs in the process of an OpenCode server before OpenCode does. It keeps what is written in a worktree in it, leaves
 * out what projects configure where that is wanted, has OpenCode keep its own files where they are wanted, and keeps the
 * server's password out of OpenCode, and so out of all that OpenCode starts, fills in or sends. What opens the server from
 * outside is handed over past the environment, and stays here: who is let in by it knows that all the rest holds, too.
 * OpenCode has another one, which is in no copy of its environment either: shells, MCP servers, language servers and
 * formatters start without it.
 */
import {closeFrontDoor} from './front-door.ts';
import {
  authorization,
  HANDED_FD,
  KEPT_IN_VARIABLE,
  LISTENING,
  NO_PROJECT_VARIABLE,
  PASSWORD_CHARS,
  PASSWORD_VARIABLE,
  PRELOAD_VARIABLE,
  WORKTREES_VARIABLE,
} from './handed.ts';
import {hideProjectConfiguration, sayHidden} from './hide-project.ts';
import {holdWorktrees} from './hold-worktrees.ts';
import {keepApart} from './keep-apart.ts';

const hidesProjects = process.env[NO_PROJECT_VARIABLE] === '1';
const worktrees = process.env[WORKTREES_VARIABLE] ?? '';
const keptIn = process.env[KEPT_IN_VARIABLE] ?? '';
if (hidesProjects) hideProjectConfiguration();
if (worktrees !== '') holdWorktrees(worktrees);
const putBack = keptIn === '' ? undefined : keepApart(keptIn);
const holds = await isImported();
if (hidesProjects) sayHidden(holds);
const password = takeHanded();
const own = process.env[PASSWORD_VARIABLE] ?? '';
const port = portIn(process.argv);
delete process.env[PRELOAD_VARIABLE];
delete process.env[WORKTREES_VARIABLE];
delete process.env[KEPT_IN_VARIABLE];
const isClosed = holds && password !== undefined && own !== '' && port !== undefined;
if (isClosed) closeFrontDoor({port, outside: authorization(password), inside: authorization(own)});
if (isClosed || putBack !== undefined) {
  const {log} = console;
  console.log = (...words: unknown[]) => {
    if (String(words[0]).includes(LISTENING)) {
      console.log = log;
      putBack?.();
      if (isClosed) hide(own);
    }
    log(...words);
  };
}

/** Whether the process that imports `node:fs` from now on gets it as it was changed. */
async function isImported(): Promise<boolean> {
  const {access, writeFile} = process.getBuiltinModule('node:fs');
  const imported = await import('node:fs');
  return imported.access === access && imported.writeFile === writeFile;
}

/** `undefined` in a process that this is not meant for: its descriptor, if it has one, is left alone. */
function takeHanded(): string | undefined {
  // An import would come before what is to be hidden is.
  const {closeSync, fstatSync, readSync} = process.getBuiltinModule('node:fs');
  try {
    const stats = fstatSync(HANDED_FD);
    if (!stats.isFile() || stats.nlink !== 0 || stats.size !== PASSWORD_CHARS) return undefined;
    const bytes = Buffer.alloc(PASSWORD_CHARS);
    readSync(HANDED_FD, bytes, 0, PASSWORD_CHARS, 0);
    closeSync(HANDED_FD);
    return bytes.toString('latin1');
  } catch {
    // Nothing was handed over. The owner finds out that this server does not take the password.
    return undefined;
  }
}

/** Where the server is told to listen. */
function portIn(words: readonly string[]): number | undefined {
  const at = words.indexOf('--port');
  return at === -1 ? undefined : Number(words[at + 1]);
}

/** OpenCode goes on to read it by its name, for the clients of its plugins. */
function hide(value: string): void {
  Object.defineProperty(process.env, PASSWORD_VARIABLE, {
    ...{value, enumerable: false, configurable: true, writable: true},
  });
}
