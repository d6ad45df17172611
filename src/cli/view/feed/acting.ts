import type {Named} from '../../../delegation/model/delegation.ts';
import {atHost, cancelAt, tellAt} from '../../sources/acting.ts';
import type {ControlClient, ControlHello} from '../../sources/control-client.ts';
import {connectedHosts, keyOf} from '../../sources/survey.ts';
import type {Effect} from '../state/turn.ts';

export interface ActingOptions {
  readonly hello: ControlHello;
  /** The path of the program, to start a host with. */
  readonly main: string;
}

type Reply = Extract<Effect, {does: 'reply'}>;

/** Answers a request. Resolves with what came of it. @throws Refusal with the host's words. */
export async function replyAtHost(
  {to, request, decision, message}: Reply,
  options: ActingOptions,
): Promise<string> {
  return atHostOf(to, options, async (host) => {
    const {delegation} = await host.ask({
      ...{op: 'reply', project: to.project, delegation: to.id, decision, request},
      ...(message !== undefined && {message}),
    });
    const [next] = delegation?.requests ?? [];
    const done = decision === 'allow' ? 'Allowed' : 'Denied';
    return next === undefined
      ? `${done}: ${to.id} goes on.`
      : `${done}. ${to.id} asks for more: ${next.what}`;
  });
}

/** Stops one. Resolves with what came of it. @throws Refusal with the host's words. */
export async function cancelAtHost(to: Named, options: ActingOptions): Promise<string> {
  return atHostOf(to, options, (host) => cancelAt(host, to));
}

/** Tells one something. Resolves with when its agent gets it. @throws Refusal with the host's words. */
export async function tellAtHost(to: Named, message: string, options: ActingOptions): Promise<string> {
  return atHostOf(to, options, (host) => tellAt(host, to, message));
}

/** At the host that runs it; where none does, at that of this data folder, which says why it cannot. */
async function atHostOf<T>(
  named: Named,
  {hello, main}: ActingOptions,
  act: (host: ControlClient) => Promise<T>,
): Promise<T> {
  const hosts = await connectedHosts(hello, () => {});
  try {
    for (const host of hosts) {
      const {delegations = []} = await host.ask({op: 'open', follow: false}).catch(() => ({delegations: []}));
      if (delegations.some((shown) => keyOf(shown) === keyOf(named))) return await act(host);
    }
  } finally {
    for (const host of hosts) host.close();
  }
  return atHost({...hello, main}, act);
}
