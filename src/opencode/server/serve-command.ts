import type {SandboxLogins} from '../sandbox/logins.ts';
import {prepareSandbox, type SandboxSettings} from '../sandbox/sandbox.ts';
import {type ServerSettings, serverEnvironment} from './environment.ts';
import {preparePlaceApart} from './place-apart.ts';

export interface ServeOptions extends Omit<ServerSettings, 'shell'> {
  readonly binary: string;
  readonly port: number;
  /** What agents see of it is up to the client. */
  readonly env: NodeJS.ProcessEnv;
  /** Absent where it runs as the person's own does. */
  readonly sandbox: SandboxSettings | undefined;
}

export interface ServeCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** In a sandbox: to be kept as long as the command runs. */
  readonly logins?: SandboxLogins;
}

/**
 * The command that starts a server on a port, in a sandbox where one is wanted.
 * @throws Refusal where that cannot be.
 */
export async function serveCommand({
  binary,
  port,
  env,
  sandbox,
  keptIn,
  ...settings
}: ServeOptions): Promise<ServeCommand> {
  const serve = [binary, 'serve', '--hostname', '127.0.0.1', '--port', String(port)];
  if (sandbox === undefined) {
    if (keptIn !== undefined) preparePlaceApart(keptIn, env);
    return split(serve, serverEnvironment(env, {...settings, keptIn}));
  }
  const inside = await prepareSandbox(sandbox, env);
  const command = [...inside.command, ...serve];
  return {
    ...split(command, serverEnvironment(inside.env, {...settings, shell: inside.shell})),
    logins: inside.logins,
  };
}

function split([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): ServeCommand {
  return {command, args, env};
}
