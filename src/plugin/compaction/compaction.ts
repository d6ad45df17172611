import {shorten} from '../../base/errors.ts';
import {quoted} from '../../base/safe-text.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {Delegation, DelegationHead} from '../../delegation/model/delegation.ts';
import {retrieval} from '../notices/notice-text.ts';
import type {UserOpenCode} from '../opencode/user-opencode.ts';
import type {Records} from '../records/records.ts';
import type {SessionDelegations} from '../records/session-delegations.ts';

const MAX_ENTRIES = 20;
const MAX_CHARS = 6_000;
const PROMPT_CHARS = 200;
/** When a session was active is worth less than all the rest, which must not wait for it. */
const ACTIVITY_MS = 1_000;

/** A delegation that has not ended. */
export interface Ongoing {
  readonly delegation: Delegation;
  /** When something last happened in its session, as far as is known, in milliseconds since the epoch. */
  readonly activeAt: number | undefined;
}

/** One delegation in a text that outlives a compaction. */
interface Entry {
  readonly id: string;
  readonly createdAt: number;
  readonly text: string;
}

export interface CarriedOverOptions {
  readonly ongoing: readonly Ongoing[];
  readonly unread: readonly DelegationHead[];
  /** How many older ones are only counted. */
  readonly omitted?: number;
}

/** What has to be known after a compaction, in pieces that can be left out one by one. */
export class CarriedOver {
  readonly #entries: readonly Entry[];
  readonly #omitted: number;

  constructor({ongoing, unread, omitted = 0}: CarriedOverOptions) {
    this.#omitted = omitted;
    this.#entries = [...ongoing.map(ongoingEntry), ...unread.map(unreadEntry)].sort(
      (a, b) => b.createdAt - a.createdAt,
    );
  }

  /** For the summarizer. `undefined` when there is nothing to carry over. */
  text(): string | undefined {
    return render(this.#entries, this.#omitted);
  }

  /** What a summary has left out. `undefined` when it has everything. */
  missingIn(summary: string): string | undefined {
    return render(
      this.#entries.filter(({id}) => !summary.includes(id)),
      this.#omitted,
    );
  }
}

/** Collects it. What cannot be found out is left out. */
export async function carriedOverOf(
  {running, untold, unread}: SessionDelegations,
  {records, opencode}: {records: Records; opencode: UserOpenCode},
): Promise<CarriedOver> {
  const newest = [...running].sort((a, b) => b.head.createdAt - a.head.createdAt).slice(0, MAX_ENTRIES);
  const ongoing = await Promise.all(
    newest.map(async ({head: {project, id, state}}): Promise<Ongoing[]> => {
      const sessionId = state.status === 'running' ? state.sessionId : undefined;
      const [delegation, activeAt] = await Promise.all([
        records.whole(project, id),
        // The session is another process's, so all that can be seen of it is what is stored.
        sessionId === undefined
          ? undefined
          : withTimeout(ACTIVITY_MS, opencode.lastActivity(sessionId), undefined).catch(() => undefined),
      ]);
      return delegation === undefined ? [] : [{delegation, activeAt}];
    }),
  );
  const ended = [...untold, ...unread].map(({head}) => head);
  return new CarriedOver({ongoing: ongoing.flat(), unread: ended, omitted: running.length - newest.length});
}

function ongoingEntry({delegation, activeAt}: Ongoing): Entry {
  const {id, createdAt, agent, state, prompt} = delegation;
  const started =
    state.status === 'running' ? `started ${iso(state.startedAt)}` : `waits since ${iso(createdAt)}`;
  const active = activeAt === undefined ? '' : `, last active ${iso(activeAt)}`;
  const beginning = shorten(quoted(prompt), PROMPT_CHARS);
  return {
    id,
    createdAt,
    text: `- ${id}: ${state.status}, agent ${quoted(agent)}, ${started}${active}. Prompt: ${beginning} Result: ${retrieval(id)}`,
  };
}

function unreadEntry({id, createdAt, state, title, summary}: DelegationHead): Entry {
  const said = summary === '' ? '' : ` Summary: ${quoted(summary)}`;
  return {
    id,
    createdAt,
    text: `- ${id}: ${state.status}, not read yet. Title: ${quoted(title)}${said} Result: ${retrieval(id)}`,
  };
}

const HEAD = 'Background delegations of this session. Keep their ids: they are needed to read the results.';
const FOOT = 'A notice arrives by itself when one ends; there is no need to poll.';

function render(entries: readonly Entry[], omitted: number): string | undefined {
  if (entries.length === 0) return undefined;
  const kept: string[] = [];
  let length = HEAD.length + FOOT.length + moreLine(entries.length + omitted).length + 3;
  for (const {text} of entries.slice(0, MAX_ENTRIES)) {
    if (length + text.length + 1 > MAX_CHARS) break;
    length += text.length + 1;
    kept.push(text);
  }
  const left = entries.length - kept.length + omitted;
  return [HEAD, ...kept, ...(left > 0 ? [moreLine(left)] : []), FOOT].join('\n');
}

function moreLine(count: number): string {
  return `- and ${count} more, older: delegation_list shows them.`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
