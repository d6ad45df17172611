import type {ConversationEntry} from '../../delegation/model/conversation.ts';
import type {JobResult} from '../mail/letters.ts';

/** A result goes through the database, and nobody may be waiting for more than this of it. */
const MAX_CHARS = 100_000;
const MAX_OUTPUT_CHARS = 2_000;
const MAX_TEXT_CHARS = 20_000;
const LOOK_MS = 250;

type Conversation = () => readonly ConversationEntry[];
type Entries = NonNullable<JobResult['conversation']>;

/** Remembers what the agents of a delegation have said, until after its end: one after the other, where it has several. */
export class SaidByAgents {
  readonly #agents = new Set<Conversation>();
  readonly #timer: NodeJS.Timeout;

  /** @param atWork that of the agent that works at this moment, if one does. */
  constructor(atWork: () => Conversation | undefined) {
    this.#timer = setInterval(() => {
      const one = atWork();
      if (one !== undefined) this.#agents.add(one);
    }, LOOK_MS);
  }

  /** No more agents come. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** What is sent home of it: the end of it, where it is long. */
  get entries(): Entries {
    const byKey = new Map<string, ConversationEntry>();
    for (const agent of this.#agents) for (const entry of agent()) byKey.set(entry.key, entry);
    return lastOf([...byKey.values()].map(shortened));
  }
}

/** What an agent itself has written, without those below it. */
export function saidByAgent(entries: readonly ConversationEntry[]): string {
  const texts = entries.flatMap(({said, isBelow}) => (said.kind === 'text' && !isBelow ? [said.text] : []));
  return texts.join('\n\n');
}

function lastOf(entries: Entries): Entries {
  let room = MAX_CHARS;
  const first = entries.findLastIndex((entry) => {
    room -= JSON.stringify(entry).length;
    return room < 0;
  });
  if (first === -1) return entries;
  const at = entries[first]?.at ?? 0;
  const text = `(What was said before this is left out: all of it has more than ${MAX_CHARS} characters.)`;
  return [{key: 'left out', at, isBelow: false, said: {kind: 'text', text}}, ...entries.slice(first + 1)];
}

function shortened(entry: ConversationEntry): Entries[number] {
  const {said} = entry;
  switch (said.kind) {
    case 'tool':
      return {...entry, said: {...said, output: cut(said.output, MAX_OUTPUT_CHARS)}};
    case 'compaction':
      return {...entry, said};
    default:
      return {...entry, said: {...said, text: cut(said.text, MAX_TEXT_CHARS)}};
  }
}

function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars)}…`;
}
