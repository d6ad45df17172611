import {shorten} from '../base/errors.ts';
import {quoted} from '../base/safe-text.ts';
import type {DelegationHead} from '../delegation/model/delegation.ts';
import {retrieval} from './notice.ts';

/** So many delegations are named, and the others counted. */
export const MAX_CARRIED = 20;
const MAX_CHARS = 6_000;
const PROMPT_CHARS = 200;

/** A delegation that has not ended. */
export interface Ongoing {
  readonly delegation: DelegationHead & {readonly prompt: string};
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
  /** Whose delegations they are. Default: the session's. */
  readonly of?: 'session' | 'project';
  readonly ongoing: readonly Ongoing[];
  readonly unread: readonly DelegationHead[];
  /** How many older ones are only counted. */
  readonly omitted?: number;
}

/** What has to be known after a compaction, in pieces that can be left out one by one. */
export class CarriedOver {
  readonly #of: 'session' | 'project';
  readonly #entries: readonly Entry[];
  readonly #omitted: number;

  constructor({of = 'session', ongoing, unread, omitted = 0}: CarriedOverOptions) {
    this.#of = of;
    this.#omitted = omitted;
    this.#entries = [...ongoing.map(ongoingEntry), ...unread.map(unreadEntry)].sort(
      (a, b) => b.createdAt - a.createdAt,
    );
  }

  /** For the summarizer. `undefined` when there is nothing to carry over. */
  text(): string | undefined {
    return this.#render(this.#entries);
  }

  /** What a summary has left out. `undefined` when it has everything. */
  missingIn(summary: string): string | undefined {
    return this.#render(this.#entries.filter(({id}) => !summary.includes(id)));
  }

  #render(entries: readonly Entry[]): string | undefined {
    if (entries.length === 0) return undefined;
    const omitted = this.#omitted;
    const head = `Background delegations of this ${this.#of}. Keep their ids: they are needed to read the results.`;
    const kept: string[] = [];
    const foot = FEET[this.#of];
    let length = head.length + foot.length + moreLine(entries.length + omitted).length + 3;
    for (const {text} of entries.slice(0, MAX_CARRIED)) {
      if (length + text.length + 1 > MAX_CHARS) break;
      length += text.length + 1;
      kept.push(text);
    }
    const left = entries.length - kept.length + omitted;
    return [head, ...kept, ...(left > 0 ? [moreLine(left)] : []), foot].join('\n');
  }
}

/** How its end is heard of: the plugin sends a session notices, and hooks speak for a project when the model begins or stops. */
const FEET = {
  session: 'A notice arrives by itself when one ends; there is no need to poll.',
  project:
    'When one ends, the next prompt names it, or you hear of it before you stop; there is no need to poll.',
} as const;

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

function unreadEntry(head: DelegationHead): Entry {
  const {id, createdAt} = head;
  return {id, createdAt, text: unreadLine(head)};
}

/** One that has ended and that nobody has read, with all that is needed to read it. */
export function unreadLine({id, state, title, summary}: DelegationHead): string {
  const said = summary === '' ? '' : ` Summary: ${quoted(summary)}`;
  return `- ${id}: ${state.status}, not read yet. Title: ${quoted(title)}${said} Result: ${retrieval(id)}`;
}

/** For those that are not named. */
export function moreLine(count: number): string {
  return `- and ${count} more, older: delegation_list shows them.`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
