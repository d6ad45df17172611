import {execa} from 'execa';
import {BIN, type Sandbox} from './sandbox.ts';

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

/** Runs one of the commands for people in a sandbox, as a shell would, and resolves when it has ended. */
export async function runCommand(
  sandbox: Sandbox,
  args: readonly string[],
  {env, cwd = sandbox.project, input = ''}: CommandOptions = {},
): Promise<CommandResult> {
  const {stdout, stderr, exitCode} = await execa(process.execPath, [BIN, ...args], {
    ...{env: {...sandbox.env, ...env}, cwd, input},
    ...{extendEnv: false, reject: false},
  });
  return {stdout, stderr, exitCode};
}

/** Begins one that goes on; what it has printed so far can be read. */
export function beginCommand(sandbox: Sandbox, args: readonly string[]) {
  const running = execa(process.execPath, [BIN, ...args], {
    ...{env: sandbox.env, cwd: sandbox.project, extendEnv: false, reject: false, stdin: 'ignore'},
    buffer: false,
  });
  let printed = '';
  for (const stream of [running.stdout, running.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      printed += chunk;
    });
  }
  return {
    printed: () => printed,
    ended: running.then(({exitCode}) => exitCode),
    pid: running.pid ?? 0,
    interrupt: () => running.kill('SIGINT'),
    signal: (name: NodeJS.Signals) => running.kill(name),
    /** Ends it as a crash would, and resolves when it is gone. */
    end: async () => {
      running.kill('SIGKILL');
      await running;
    },
  };
}
