#!/usr/bin/env node
import {readFileSync} from 'node:fs';
import {parseArgs} from 'node:util';
import {ConfigError, readConfig} from './config.ts';
import {Host} from './host.ts';
import {createLogger} from './log.ts';

/** If a clean end takes longer than this, something hangs that must not keep the process alive. */
const SHUTDOWN_BACKSTOP_MS = 15_000;

const USAGE = `opencode-delegate: an MCP server that hands work to background OpenCode agents.

Usage: opencode-delegate            serve MCP on stdin and stdout; MCP clients start it so
       opencode-delegate --version
       opencode-delegate --help

Settings come from the environment (OPENCODE_DELEGATE_*); the README lists them.
`;

const {version} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

main();

function main(): void {
  const options = readArguments();
  if (options.version) process.stdout.write(`${version}\n`);
  else if (options.help) process.stdout.write(USAGE);
  else serve();
}

function serve(): void {
  const config = readSettings();
  const log = createLogger({level: config.logLevel, write: (line) => process.stderr.write(line)});
  const host = new Host({config, env: process.env, log, version});
  const connection = host.serve({cwd: process.cwd(), input: process.stdin, output: process.stdout});

  let isStopping = false;
  const shutdown = async (reason: string, exitCode = 0): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    log.debug(`stopping: ${reason}`);
    setTimeout(() => process.exit(1), SHUTDOWN_BACKSTOP_MS).unref();
    await connection.close();
    await host.close();
    process.exit(exitCode);
  };
  // The transport closes itself at the end of its input, but tells nobody.
  process.stdin.once('end', () => void shutdown('the client closed the connection'));
  process.stdin.once('close', () => void shutdown('the client closed the connection'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void shutdown(signal));
  }
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error(`a fault: ${error instanceof Error ? error.stack : String(error)}`);
      void shutdown(event, 1);
    });
  }
  if (process.stdin.isTTY) {
    process.stderr.write(
      'opencode-delegate waits for an MCP client on stdin. --help says more; Ctrl-C ends it.\n',
    );
  }
}

function readArguments(): {help?: boolean; version?: boolean} {
  try {
    return parseArgs({
      options: {help: {type: 'boolean', short: 'h'}, version: {type: 'boolean', short: 'v'}},
    }).values;
  } catch (error) {
    return quit(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function readSettings(): ReturnType<typeof readConfig> {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return quit(`opencode-delegate: ${error.message}\n`);
  }
}

function quit(message: string): never {
  process.stderr.write(message);
  process.exit(2);
}
