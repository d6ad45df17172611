import type {McpRequestContext, Server} from '@modelcontextprotocol/server';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {Delegations} from '../../delegation/delegations.ts';
import {type Delegation, hasEnded} from '../../delegation/model/delegation.ts';
import {Spaced} from '../connection/spaced.ts';
import {known, type ResourcesOptions} from './resources.ts';
import {uriOf} from './uri.ts';

/** A list that changes again and again is told so often; a client asks for the whole list each time. */
const LEAST_GAP_MS = 250;

export interface ChangesOptions extends Pick<ResourcesOptions, 'project'> {
  readonly delegations: Pick<Delegations, 'get' | 'isIn' | 'list' | 'watch'>;
  readonly era: McpRequestContext['era'];
  readonly log: Logger;
}

/**
 * Tells the client when a delegation of its project has come or has ended.
 *
 * Since 2026-07-28 the SDK's own router holds the subscriptions and drops what nobody has asked for; before,
 * clients subscribe to each resource, and hear of the list without asking.
 */
export function serveChanges(server: Server, options: ChangesOptions): void {
  const {delegations, project, era, log} = options;
  const subscribed = new Set<string>();
  const unheard = (error: unknown) => log.debug(`a change was not told: ${messageOf(error)}`);
  const list = new Spaced(LEAST_GAP_MS, () => void server.sendResourceListChanged().catch(unheard));

  const tell = async (delegation: Delegation): Promise<void> => {
    if (!delegations.isIn(await project(), delegation)) return;
    const {id, state} = delegation;
    if (hasEnded(state) && (era === 'modern' || subscribed.has(id)))
      await server.sendResourceUpdated({uri: uriOf(id)});
    list.tell();
  };
  let unwatch = () => {};
  const watch = () => {
    unwatch = delegations.watch((delegation) => {
      // A client that has gone away, or went while we asked for its roots, needs no notice.
      tell(delegation).catch(unheard);
    });
  };
  // Before the opening exchange is over, nothing may be sent.
  if (era === 'modern') watch();
  else server.oninitialized = watch;
  server.onclose = () => {
    unwatch();
    list.close();
  };

  server.setRequestHandler('resources/subscribe', async ({params: {uri}}) => {
    subscribed.add((await known(uri, options)).id);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', async ({params: {uri}}) => {
    subscribed.delete((await known(uri, options)).id);
    return {};
  });
}
