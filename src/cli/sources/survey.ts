import {messageOf, Refusal} from '../../base/errors.ts';
import {type ShownDelegation, shownOfHead} from '../../control/shown.ts';
import {
  type Delegation,
  type DelegationHead,
  hasEnded,
  type Named,
} from '../../delegation/model/delegation.ts';
import {runningHosts} from '../../link/hosts.ts';
import {standingOf} from '../../process/identity.ts';
import {ControlClient, type ControlHello} from './control-client.ts';
import type {RecordsOnDisk} from './records.ts';

const NOBODY =
  'Nobody runs it: its process is gone. It is recovered as soon as a client connects, or a command delegates.';

/** All hosts of the user that answer. Nothing is started for it. */
export async function connectedHosts(
  hello: ControlHello,
  complain: (message: string) => void,
): Promise<readonly ControlClient[]> {
  const hosts = await runningHosts(hello);
  const clients = await Promise.all(
    hosts.map(({address}) =>
      ControlClient.at(address, hello).catch((error: unknown) => {
        complain(messageOf(error));
        return undefined;
      }),
    ),
  );
  return clients.filter((client) => client !== undefined);
}

/** All delegations without an end: as the hosts know them, and those on record that no host knows. */
export async function openNow(
  clients: readonly ControlClient[],
  records: RecordsOnDisk,
): Promise<readonly ShownDelegation[]> {
  const answers = await Promise.all(
    // A host that ends while it is asked has nothing to say.
    clients.map((client) => client.ask({op: 'open', follow: false}).catch(() => undefined)),
  );
  const live = answers.flatMap((answer) => answer?.delegations ?? []);
  const known = new Set(live.map(keyOf));
  const others = (await records.open()).filter((head) => !hasEnded(head.state) && !known.has(keyOf(head)));
  return [...live, ...others.map(unattended)];
}

/** One that no host we can ask knows of. */
export function unattended(head: DelegationHead): ShownDelegation {
  const shown = shownOfHead(head);
  const isGone = !hasEnded(head.state) && standingOf(head.owner) === 'gone';
  return isGone ? {...shown, notes: [...shown.notes, NOBODY]} : shown;
}

/** How a delegation that no host tells of stands on disk. @throws Refusal when there is no record any more. */
export async function onRecord(named: Named, records: RecordsOnDisk): Promise<ShownDelegation> {
  return unattended(await wholeRecord(named, records));
}

/** @throws Refusal when there is no record that can be understood. */
export async function wholeRecord(named: Named, records: RecordsOnDisk): Promise<Delegation> {
  const record = await records.read(named);
  if (record === undefined) throw new Refusal(`The record of ${named.id} is gone, or cannot be read.`);
  return record;
}

export function keyOf({project, id}: {readonly project: string; readonly id: string}): string {
  return `${project}/${id}`;
}
