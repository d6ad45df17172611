import {messageOf, Refusal} from '../../base/errors.ts';
import {NESTED_MARK} from '../../base/nested.ts';
import type {Named} from '../../delegation/model/delegation.ts';
import {NoHostError} from '../../link/connect.ts';
import type {Invocation} from '../line/command.ts';
import {ControlClient} from './control-client.ts';

const FROM_INSIDE =
  'This shell belongs to an agent that was delegated to. Delegations cannot be started, told anything, answered or stopped from here; do the work yourself.';

/** From where a host is asked, and how one is started. */
export type HostFor = Pick<Invocation, 'env' | 'cwd' | 'version' | 'main'> & {
  /** Where Node is, for a program that is none. */
  readonly node?: string;
};

/**
 * Does something at the host of this data folder, which is started where there is none: what is not only looked at needs
 * one.
 *
 * @throws Refusal with the host's words, when none can be started, or in the shell of a delegated agent: it could allow
 * itself what it asks for.
 */
export async function atHost<T>(
  {env, cwd, version, main, node}: HostFor,
  act: (host: ControlClient) => Promise<T>,
): Promise<T> {
  if ((env[NESTED_MARK] ?? '') !== '') throw new Refusal(FROM_INSIDE);
  const host = await ControlClient.start({env, cwd, version}, main, node).catch((error: unknown) => {
    throw error instanceof NoHostError ? new Refusal(messageOf(error)) : error;
  });
  try {
    return await act(host);
  } finally {
    host.close();
  }
}

/** Tells a delegation something. Resolves with when its agent gets it, as a sentence. @throws Refusal with the host's words. */
export async function tellAt(host: ControlClient, {project, id}: Named, message: string): Promise<string> {
  const {delivery} = await host.ask({op: 'message', project, delegation: id, message});
  return `${id}: ${delivery?.words ?? 'taken.'}`;
}

/** Stops a delegation. Resolves with what came of it, as a sentence. @throws Refusal with the host's words. */
export async function cancelAt(host: ControlClient, {project, id}: Named): Promise<string> {
  const {delegation, was_ended: wasEnded} = await host.ask({op: 'cancel', project, delegation: id});
  const status = delegation?.status ?? 'cancelled';
  return `${id} ${wasEnded === true ? `had ended before: ${status}` : `has ended: ${status}`}.`;
}
