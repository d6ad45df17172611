import type {Message, Part} from '@opencode-ai/sdk/v2/client';
import type {OpenCodeEvent} from '../wire/events.ts';
import type {Transcript} from './transcript.ts';

/**
 * The messages of one session as its events tell them. It knows two things that the server's own list does
 * not: the text that is being streamed, and, when the server has died, anything at all.
 */
export class LiveTranscript {
  readonly #messages = new Map<string, Message>();
  /** Parts by message, in the order they came. */
  readonly #parts = new Map<string, Map<string, Part>>();
  #hasGap = false;

  apply(event: OpenCodeEvent): void {
    switch (event.type) {
      case 'message.updated':
        this.#messages.set(event.properties.info.id, event.properties.info);
        break;
      case 'message.part.updated':
        this.#setPart(event.properties.part);
        break;
      case 'message.part.delta':
        this.#appendText(event.properties);
        break;
      case 'message.removed':
        this.#messages.delete(event.properties.messageID);
        this.#parts.delete(event.properties.messageID);
        break;
      case 'message.part.removed':
        this.#parts.get(event.properties.messageID)?.delete(event.properties.partID);
        break;
    }
  }

  /** Events may have been missed. */
  gap(): void {
    this.#hasGap = true;
  }

  /** As {@link read}, where no event was missed and no text is still being streamed: then the server's own list is the same. */
  whole(): Transcript | undefined {
    const isStreaming = [...this.#parts.values()].some((parts) =>
      [...parts.values()].some((part) => part.type === 'text' && part.time !== undefined && !part.time.end),
    );
    return this.#hasGap || isStreaming ? undefined : this.read();
  }

  /** Takes over what the server has stored; text that it has not stored yet stays. */
  merge(stored: Transcript): void {
    for (const {info, parts} of stored) {
      this.#messages.set(info.id, info);
      for (const part of parts) this.#setPart(part);
    }
  }

  read(): Transcript {
    return [...this.#messages.values()]
      .sort((a, b) => a.time.created - b.time.created || (a.id < b.id ? -1 : 1))
      .map((info) => ({info, parts: [...(this.#parts.get(info.id)?.values() ?? [])]}));
  }

  #setPart(part: Part): void {
    const parts = this.#parts.get(part.messageID) ?? new Map<string, Part>();
    this.#parts.set(part.messageID, parts);
    const known = parts.get(part.id);
    // While a text streams, the server's list has it empty or shorter than the deltas have made it.
    const isBehind =
      part.type === 'text' &&
      known?.type === 'text' &&
      part.time?.end === undefined &&
      known.text.length > part.text.length;
    if (!isBehind) parts.set(part.id, part);
  }

  #appendText({
    messageID,
    partID,
    field,
    delta,
  }: {
    messageID: string;
    partID: string;
    field: string;
    delta: string;
  }): void {
    const part = this.#parts.get(messageID)?.get(partID);
    if (part?.type !== 'text' || field !== 'text') return;
    this.#parts.get(messageID)?.set(partID, {...part, text: part.text + delta});
  }
}
