/**
 * Runs in the process of an OpenCode server before OpenCode does, and keeps the server's password out of all that
 * OpenCode starts: shells, MCP servers, language servers, formatters. They get a copy of its environment, so the
 * password stands there only until OpenCode has read it. From then on it can be read by its name, which OpenCode does
 * for the clients of its plugins, and is in no copy. What the process was started with, which others can look up,
 * never had it.
 */
import {
  HANDED_FD,
  LISTENING,
  NO_PROJECT_VARIABLE,
  PASSWORD_CHARS,
  PASSWORD_VARIABLE,
  PRELOAD_VARIABLE,
} from './handed.ts';
import {hideProjectConfiguration} from './hide-project.ts';

if (process.env[NO_PROJECT_VARIABLE] === '1') await hideProjectConfiguration();
const password = takeHanded();
delete process.env[PRELOAD_VARIABLE];
if (password !== undefined) {
  process.env[PASSWORD_VARIABLE] = password;
  const {log} = console;
  console.log = (...words: unknown[]) => {
    if (String(words[0]).includes(LISTENING)) {
      console.log = log;
      hide(password);
    }
    log(...words);
  };
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

function hide(value: string): void {
  Object.defineProperty(process.env, PASSWORD_VARIABLE, {
    ...{value, enumerable: false, configurable: true, writable: true},
  });
}
