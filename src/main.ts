#!/usr/bin/env node
// An editor pays for one small process: nothing heavy may be imported here except dynamically.
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {loadFailure} from './base/load-failure.ts';
import {NESTED_MARK} from './base/nested.ts';
import {ownPackage} from './base/own-package.ts';
import {runBridge} from './bridge/run-bridge.ts';
import {claimHost} from './link/claim.ts';
import {farewell} from './link/farewell.ts';
import {takeWhyStarted} from './link/why-started.ts';

const USAGE = `opencode-delegate: an MCP server that hands work to background OpenCode agents.

Usage: opencode-delegate            serve MCP on stdin and stdout; MCP clients start it so
       opencode-delegate status     show the background processes that run
       opencode-delegate stop       end the one of this data folder; --all ends all
       opencode-delegate trust DIR  let the code that a repository brings run (plugins, local MCP
                                    servers); --remove takes it back, --list shows what is trusted
       opencode-delegate --version
       opencode-delegate --help

Settings come from the environment (OPENCODE_DELEGATE_*): docs/settings.md lists them.
`;

const own = ownPackage(fileURLToPath(new URL('../package.json', import.meta.url)));
const {version} = own;

/** What stands beside a command. */
interface Flags {
  readonly all?: boolean | undefined;
  readonly list?: boolean | undefined;
  readonly remove?: boolean | undefined;
}

await main().catch((error: unknown) => {
  // The commands are built apart, with a class of their own.
  if (!(error instanceof Error) || error.name !== 'NoHomeError') throw error;
  quit(`${error.message}\n`);
});

async function main(): Promise<void> {
  const {values, positionals} = readArguments();
  if (values.version) process.stdout.write(`${version}\n`);
  else if (values.help) process.stdout.write(USAGE);
  else await run(positionals, values);
}

async function run(
  positionals: readonly string[],
  {all = false, list = false, remove = false}: Flags,
): Promise<void> {
  const [command, ...rest] = positionals;
  const [directory] = rest;
  if (rest.length > (command === 'trust' ? 1 : 0)) quit(`Too many arguments: ${rest.join(' ')}\n\n${USAGE}`);
  switch (command) {
    case undefined:
      return serve();
    case 'host':
      return host();
    case 'status':
      return (await import('./cli/status.ts')).status({env: process.env, version});
    case 'stop':
      return (await import('./cli/stop.ts')).stopHosts({env: process.env, version, all});
    case 'trust':
      if ((directory === undefined) !== list) quit(`Give one directory, or --list.\n\n${USAGE}`);
      return (await import('./cli/trust.ts')).trust({env: process.env, directory, remove});
    default:
      return quit(`Unknown command: ${command}\n\n${USAGE}`);
  }
}

async function serve(): Promise<void> {
  if (process.stdin.isTTY) {
    process.stderr.write(
      'opencode-delegate waits for an MCP client on stdin. --help says more; Ctrl-C ends it.\n',
    );
  }
  if (usesHost(process.env)) {
    process.exit(await runBridge({own, main: fileURLToPath(import.meta.url)}));
  }
  try {
    const {serveInProcess} = await import('./app/in-process.ts');
    serveInProcess({version});
  } catch (error) {
    process.stderr.write(`${loadFailure(error, own)}\n`, () => process.exit(1));
  }
}

async function host(): Promise<void> {
  const why = takeWhyStarted(process.env);
  const claim = await claimHost({env: process.env, version}).catch((error: Error) => error);
  if (claim instanceof Error) {
    process.stderr.write(`${claim.message}\n${farewell(1)}`, () => process.exit(1));
    return;
  }
  if (claim === undefined) {
    process.stderr.write(farewell(0), () => process.exit(0));
    return;
  }
  try {
    const {runHost} = await import('./app/host.ts');
    await runHost({claim, env: process.env, version, why});
  } catch (error) {
    // The lock stays, as there may be no file left to look at it with: whoever comes next sees that its owner is gone.
    process.stderr.write(`${loadFailure(error, own)}\n${farewell(1)}`, () => process.exit(1));
  }
}

/** A setting that is neither on nor off is refused by the server in this process, which reads them all. */
function usesHost(env: NodeJS.ProcessEnv): boolean {
  const isInside = (env[NESTED_MARK] ?? '') !== '';
  return !isInside && ['', 'on'].includes((env.OPENCODE_DELEGATE_HOST ?? '').trim());
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: {type: 'boolean'},
        help: {type: 'boolean', short: 'h'},
        list: {type: 'boolean'},
        remove: {type: 'boolean'},
        version: {type: 'boolean', short: 'v'},
      },
    });
  } catch (error) {
    return quit(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function quit(message: string): never {
  process.stderr.write(message);
  process.exit(2);
}
