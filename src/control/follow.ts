import {pause} from '../base/pause.ts';
import type {Delegations} from '../delegation/delegations.ts';
import type {Said} from '../delegation/model/conversation.ts';
import type {ControlAnswer} from './protocol.ts';
import {type ShownDelegation, shownOf} from './shown.ts';
import {shownEntry} from './shown-entry.ts';

/** How often it is looked what has changed: as often as people can see. */
const LOOK_MS = 250;

interface Following {
  readonly follow: boolean;
  /** Aborts when nobody follows any more. */
  readonly signal: AbortSignal;
  readonly send: (answer: Omit<ControlAnswer, 'id' | 'done'>, done?: boolean) => void;
}

/** Tells how all delegations without an end stand, and, where that is wanted, each one that has changed since. */
export async function followOpen(delegations: Delegations, {follow, signal, send}: Following): Promise<void> {
  const look = () => delegations.open.map((view) => shownOf(view, Date.now()));
  const first = look();
  send({delegations: first}, !follow);
  if (!follow) return;
  let known = new Map(first.map((shown) => [keyOf(shown), JSON.stringify(shown)]));
  let before = first;
  while (!(await passed(signal))) {
    const open = look();
    const now = new Map(open.map((shown) => [keyOf(shown), JSON.stringify(shown)]));
    const changed = open.filter((shown) => known.get(keyOf(shown)) !== now.get(keyOf(shown)));
    const gone = before.filter((shown) => !now.has(keyOf(shown)));
    const ended = await Promise.all(gone.map((shown) => endOf(delegations, shown)));
    const told = [...changed, ...ended.flat()];
    if (told.length > 0) send({delegations: told}, false);
    [known, before] = [now, open];
  }
}

/** Tells what an agent has said and done, and, where that is wanted, what it says and does until it has ended. */
export async function followConversation(
  delegations: Delegations,
  {project, delegation: id, follow, signal, send}: Following & {project: string; delegation: string},
): Promise<void> {
  // Refuses an id that names nothing.
  await delegations.get(project, id);
  const known = new Map<string, string>();
  for (;;) {
    const entries = delegations.conversation(project, id);
    const fresh = (entries ?? []).filter(({key, said}) => {
      const length = lengthOf(said);
      const isSame = known.get(key) === length;
      known.set(key, length);
      return !isSame;
    });
    const isOver = !follow || delegations.view(project, id) === undefined;
    if (fresh.length > 0 || isOver) send({entries: fresh.map(shownEntry)}, isOver);
    if (isOver || (await passed(signal))) return;
  }
}

/** One that was open and is not any more: as its record has it, unless that is gone as well. */
async function endOf(
  delegations: Delegations,
  {project, id}: ShownDelegation,
): Promise<readonly ShownDelegation[]> {
  const view = await delegations.get(project, id).catch(() => undefined);
  return view === undefined ? [] : [shownOf(view, Date.now())];
}

function keyOf({project, id}: ShownDelegation): string {
  return `${project}/${id}`;
}

/** Resolves with true as soon as nobody follows any more, and with false when it is time to look again. */
async function passed(signal: AbortSignal): Promise<boolean> {
  await pause(LOOK_MS, {signal});
  return signal.aborted;
}

/** What tells an entry from what it was: texts only grow. */
function lengthOf(said: Said): string {
  if (said.kind === 'tool') return `${said.status} ${said.about.length} ${said.output.length}`;
  return 'text' in said ? `${said.text.length}` : '';
}
