import {messageOf, Refusal} from '../../base/errors.ts';
import {NoHostError} from '../../link/connect.ts';
import type {Invocation} from '../line/command.ts';
import {ControlClient} from './control-client.ts';

/**
 * Does something at the host of this data folder, which is started where there is none: what is not only looked at needs
 * one.
 *
 * @throws Refusal with the host's words, or when none can be started.
 */
export async function atHost<T>(
  {env, cwd, version, main}: Invocation,
  act: (host: ControlClient) => Promise<T>,
): Promise<T> {
  const host = await ControlClient.start({env, cwd, version}, main).catch((error: unknown) => {
    throw error instanceof NoHostError ? new Refusal(messageOf(error)) : error;
  });
  try {
    return await act(host);
  } finally {
    host.close();
  }
}
