import type {ToolPart} from '@opencode-ai/sdk/v2/client';
import {shorten} from '../../base/errors.ts';
import {NO_USAGE, type Usage} from '../../delegation/model/delegation.ts';
import type {Activity} from '../../delegation/model/run.ts';
import type {OpenCodeEvent} from '../wire/events.ts';

const SHOWN_CHARS = 100;
/** The inputs that say best what a tool is about, in the order of how well they do. */
const TELLING_INPUTS = ['description', 'filePath', 'path', 'pattern', 'command', 'url', 'query'] as const;

/** Turns the events of a session and all below it into what a waiting person wants to see. */
export class Progress {
  readonly #tell: (activity: Activity) => void;
  readonly #toolCalls = new Set<string>();
  readonly #texts = new Set<string>();
  #usage = NO_USAGE;
  #isClosing = false;
  #said = '';
  #last = '';

  constructor(tell: (activity: Activity) => void) {
    this.#tell = tell;
  }

  event(event: OpenCodeEvent): void {
    // A text has its first words when it grows, and none when it begins.
    if (event.type === 'message.part.delta' && this.#texts.has(event.properties.partID)) this.say('writing');
    if (event.type !== 'message.part.updated') return;
    const {part} = event.properties;
    if (part.type === 'tool') {
      if (part.state.status === 'pending') return;
      this.#toolCalls.add(part.id);
      this.say(describeTool(part));
    } else if (part.type === 'text' && part.time !== undefined && !part.synthetic) {
      this.#texts.add(part.id);
      // When a text is complete, a tool may be at work already.
      if (part.text !== '' && part.time.end === undefined) this.say('writing');
    } else if (part.type === 'reasoning') {
      this.say('thinking');
    }
  }

  /** Tells a thing that happened, unless it is what was told last. */
  say(what: string): void {
    const known = `${this.#toolCalls.size} ${what}`;
    if (known === this.#last) return;
    this.#last = known;
    this.#said = what;
    this.#say();
  }

  /** A step is over, or has begun. @param isClosing true when it has ended the turn. */
  used(usage: Usage, isClosing: boolean): void {
    if (isSame(usage, this.#usage) && isClosing === this.#isClosing) return;
    if (!isSame(usage, this.#usage)) this.#usage = usage;
    this.#isClosing = isClosing;
    this.#say();
  }

  #say(): void {
    this.#tell({
      ...{toolCalls: this.#toolCalls.size, last: this.#said, at: Date.now(), usage: this.#usage},
      ...(this.#isClosing && {isClosing: true}),
    });
  }
}

function isSame(one: Usage, other: Usage): boolean {
  return (Object.keys(one) as (keyof Usage)[]).every((key) => one[key] === other[key]);
}

/** A tool call in a few words: the tool, what it is about, and whether it failed. */
export function describeTool(part: ToolPart): string {
  return nameCall(part) + (part.state.status === 'error' ? ' (failed)' : '');
}

/** A tool call in a few words: the tool, and what it is about. */
export function nameCall({tool, state}: ToolPart): string {
  const about = aboutOf(state.input);
  return shorten(about === '' ? tool : `${tool} ${about}`, SHOWN_CHARS);
}

/** What says best what a call is about; empty where its input has nothing of the kind. */
export function aboutOf(input: Readonly<Record<string, unknown>>): string {
  const about = TELLING_INPUTS.map((key) => input[key]).find((value) => typeof value === 'string');
  return typeof about === 'string' ? about : '';
}
