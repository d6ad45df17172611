// An editor pays for one small process: nothing heavy may be imported here except dynamically.
import {fileURLToPath} from 'node:url';
import {loadFailure} from './base/load-failure.ts';
import {NESTED_MARK} from './base/nested.ts';
import {ownPackage} from './base/own-package.ts';
import {runBridge} from './bridge/run-bridge.ts';
import {claimHost} from './link/claim.ts';
import {farewell} from './link/farewell.ts';
import {takeWhyStarted} from './link/why-started.ts';

const own = ownPackage(fileURLToPath(new URL('../package.json', import.meta.url)));
const {version} = own;
/** What a client starts, and a host is started from. */
const MAIN = fileURLToPath(new URL('./main.cjs', import.meta.url));

await main(process.argv.slice(2)).catch((error: unknown) => {
  // The commands are built apart, with a class of their own.
  if (!(error instanceof Error) || error.name !== 'NoHomeError') throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
});

async function main(argv: readonly string[]): Promise<void> {
  const [first] = argv;
  if (first === undefined && !isPersonThere()) return serve();
  if (first === 'host' && argv.length === 1) return host();
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${version}\n`);
    return;
  }
  const {runCommand} = await import('./cli/run-command.ts');
  const line = first === '--help' || first === '-h' ? ['help', ...argv.slice(1)] : argv;
  process.exitCode = await runCommand(line, {
    env: process.env,
    version,
    main: MAIN,
    runWorker: async (options) => (await import('./app/worker.ts')).runWorker(options),
  });
}

async function serve(): Promise<void> {
  if (process.stdin.isTTY) {
    process.stderr.write(
      'opencode-delegate waits for an MCP client on stdin. --help says what else it can; Ctrl-C ends it.\n',
    );
  }
  if (usesHost(process.env)) {
    process.exit(await runBridge({own, main: MAIN}));
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
    // The lock stays, as there may be no file left to look at it with: who comes next sees that its owner is gone.
    process.stderr.write(`${loadFailure(error, own)}\n${farewell(1)}`, () => process.exit(1));
  }
}

/** A client talks through pipes; at a terminal there is a person, who gets the live view. */
function isPersonThere(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** A setting that is neither on nor off is refused by the server in this process, which reads them all. */
function usesHost(env: NodeJS.ProcessEnv): boolean {
  const isInside = (env[NESTED_MARK] ?? '') !== '';
  return !isInside && ['', 'on'].includes((env.OPENCODE_DELEGATE_HOST ?? '').trim());
}
