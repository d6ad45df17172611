import {messageOf} from '../../../base/errors.ts';
import {pause} from '../../../base/pause.ts';
import type {ShownEntry} from '../../../control/protocol.ts';
import type {ShownDelegation} from '../../../control/shown.ts';
import type {ControlClient} from '../../sources/control-client.ts';
import type {RecordsOnDisk} from '../../sources/records.ts';
import {connectedHosts} from '../../sources/survey.ts';
import {type AgentWords, delegationKey} from '../state/state.ts';
import type {FeedOptions} from './options.ts';

/** A person who goes down the list does not want to know what each one says. */
const SETTLE_MS = 120;
/** How often a host is looked for that knows the conversation. */
const AGAIN_MS = 1_000;

const NO_HOST = 'No background process that answers runs it, so nothing is known of what it does.';

/** Follows what the agent of one delegation says, or reads its result when it has ended. */
export class WordsFeed {
  readonly #records: RecordsOnDisk;
  readonly #options: FeedOptions;
  readonly #tell: (words: AgentWords) => void;
  #followed = '';
  #following = new AbortController();

  constructor(records: RecordsOnDisk, options: FeedOptions, tell: (words: AgentWords) => void) {
    this.#records = records;
    this.#options = options;
    this.#tell = tell;
    options.signal.addEventListener('abort', () => this.#following.abort());
  }

  /** From now on it is about this one. Nothing changes when it was about it before. */
  select(shown: ShownDelegation | undefined): void {
    const followed = shown === undefined ? '' : `${delegationKey(shown)} ${shown.ended_at ?? ''}`;
    if (followed === this.#followed || this.#options.signal.aborted) return;
    this.#followed = followed;
    this.#following.abort();
    this.#following = new AbortController();
    const {signal} = this.#following;
    if (shown !== undefined) void this.#follow(shown, signal);
  }

  /** Never rejects. */
  async #follow(shown: ShownDelegation, signal: AbortSignal): Promise<void> {
    const key = delegationKey(shown);
    const tell = (words: Omit<AgentWords, 'key'>) => {
      if (!signal.aborted) this.#tell({key, ...words});
    };
    await pause(SETTLE_MS, {signal});
    try {
      if (shown.ended_at !== undefined) return await this.#read(shown, tell);
      while (!signal.aborted) {
        const isKnown = await this.#ask(shown, {signal, tell});
        if (!isKnown) tell({problem: NO_HOST});
        await pause(AGAIN_MS, {signal});
      }
    } catch (error) {
      tell({problem: messageOf(error)});
    }
  }

  async #read(shown: ShownDelegation, tell: (words: Omit<AgentWords, 'key'>) => void): Promise<void> {
    const record = await this.#records.read(shown);
    tell(record === undefined ? {problem: 'Its record is gone, or cannot be read.'} : {result: record.text});
  }

  /** Resolves when no host tells more of it; with false when none knows it. */
  async #ask(
    {project, id}: ShownDelegation,
    {signal, tell}: {signal: AbortSignal; tell: (words: Omit<AgentWords, 'key'>) => void},
  ): Promise<boolean> {
    const {hello, complain} = this.#options;
    const hosts = await connectedHosts(hello, complain);
    const close = () => {
      for (const host of hosts) host.close();
    };
    signal.addEventListener('abort', close);
    try {
      if (signal.aborted) return true;
      for (const host of hosts) {
        if (await followed(host, {project, delegation: id}, tell)) return true;
      }
      return signal.aborted;
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  }
}

/** Resolves with false when the host does not know it. */
async function followed(
  host: ControlClient,
  named: {readonly project: string; readonly delegation: string},
  tell: (words: Omit<AgentWords, 'key'>) => void,
): Promise<boolean> {
  const known = new Map<string, ShownEntry>();
  let isKnown = false;
  try {
    for await (const {entries = []} of host.follow({op: 'conversation', ...named, follow: true})) {
      isKnown = true;
      for (const entry of entries) known.set(entry.key, entry);
      tell({entries: [...known.values()]});
    }
  } catch {
    // It does not know it, or is gone: another one may, or it has ended.
  }
  return isKnown;
}
