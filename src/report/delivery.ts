import type {Delivery} from '../delegation/model/message.ts';

const WHEN: Readonly<Record<Delivery, string>> = {
  beginning: 'It has not begun: its agent gets this with the prompt.',
  now: 'Its agent has it now.',
  step: 'Its agent gets it with its next step, when it has written what it is at.',
  tool: 'Its agent gets it when the tool that it uses is done.',
  reply: 'Its agent waits for an answer to a request, and gets this once that is answered.',
  compaction: 'Its agent gets it when OpenCode has compacted its conversation.',
  provider: 'Its provider refuses at the moment. Its agent gets this after the step that is tried again.',
};

/** When an agent gets what it was told, as a sentence. */
export function renderDelivery(delivery: Delivery): string {
  return WHEN[delivery];
}
