import type {Client, DelegationHead, Owner} from '../../delegation/model/delegation.ts';

/** Heads of one project have much in common, and thousands are kept: what is equal is kept once. */
export class Shared {
  readonly #texts = new Map<string, string>();
  readonly #clients = new Map<string, Client>();
  readonly #owners = new Map<string, Owner>();

  /** Puts what other heads have in the place of what is equal. */
  share(head: {-readonly [K in keyof DelegationHead]: DelegationHead[K]}): DelegationHead {
    const {client, owner} = head;
    head.directory = kept(this.#texts, head.directory, head.directory);
    head.agent = kept(this.#texts, head.agent, head.agent);
    head.model = kept(this.#texts, head.model, head.model);
    head.client = kept(this.#clients, `${client.name}\n${client.version}`, client);
    const {pid, hostname, boot, space, started, environment, sessions} = owner;
    const key = `${pid}\n${hostname}\n${boot}\n${space}\n${started}\n${environment}\n${sessions}`;
    head.owner = kept(this.#owners, key, owner);
    return head;
  }
}

/** A copy without ties to the text that it was made of, all of which each piece of it would keep in memory. */
export function untied(head: DelegationHead): DelegationHead {
  return JSON.parse(JSON.stringify(head)) as DelegationHead;
}

function kept<T>(known: Map<string, T>, key: string, value: T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  known.set(key, value);
  return value;
}
