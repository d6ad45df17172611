#!/usr/bin/env node
// An editor pays for one small process: nothing heavy may be imported here except dynamically.
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {claimHost} from './host/claim.ts';
import {farewell} from './host/farewell.ts';
import {runBridge} from './host/run-bridge.ts';
import {INSIDE_MARK} from './inside.ts';

const USAGE = `opencode-delegate: an MCP server that hands work to background OpenCode agents.

Usage: opencode-delegate            serve MCP on stdin and stdout; MCP clients start it so
       opencode-delegate status     show the background processes that run
       opencode-delegate stop       end the one of this environment; --all ends all
       opencode-delegate --version
       opencode-delegate --help

Settings come from the environment (OPENCODE_DELEGATE_*); the README lists them.
`;

const {version} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

await main();

async function main(): Promise<void> {
  const {values, positionals} = readArguments();
  if (values.version) process.stdout.write(`${version}\n`);
  else if (values.help) process.stdout.write(USAGE);
  else await run(positionals, values.all === true);
}

async function run(positionals: readonly string[], all: boolean): Promise<void> {
  const [command, ...rest] = positionals;
  if (rest.length > 0) quit(`Too many arguments: ${rest.join(' ')}\n\n${USAGE}`);
  switch (command) {
    case undefined:
      return serve();
    case 'host':
      return host();
    case 'status':
      return (await import('./cli/status.ts')).status({env: process.env, version});
    case 'stop':
      return (await import('./cli/stop.ts')).stop({env: process.env, version, all});
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
    process.exit(await runBridge({version, main: fileURLToPath(import.meta.url)}));
  }
  const {serveInProcess} = await import('./in-process.ts');
  serveInProcess({version});
}

async function host(): Promise<void> {
  const claim = await claimHost({env: process.env, version});
  if (claim === undefined) {
    process.stderr.write(farewell(0), () => process.exit(0));
    return;
  }
  const {runHost} = await import('./host-process.ts');
  await runHost({claim, env: process.env, version});
}

/** A setting that is neither on nor off is refused by the server in this process, which reads them all. */
function usesHost(env: NodeJS.ProcessEnv): boolean {
  const isInside = (env[INSIDE_MARK] ?? '') !== '';
  return !isInside && ['', 'on'].includes((env.OPENCODE_DELEGATE_HOST ?? '').trim());
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: {type: 'boolean'},
        help: {type: 'boolean', short: 'h'},
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
