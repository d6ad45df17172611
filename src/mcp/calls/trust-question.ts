import {
  acceptedContent,
  type InputRequests,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server';
import {z} from 'zod';
import {quoted} from '../../base/safe-text.ts';
import type {TrustQuestion} from '../../delegation/model/trust.ts';

const answer = z.object({trust: z.boolean()});

/** Ends a call for now: the client asks its user, and sends the call again with the answer. */
export class InputNeeded extends Error {
  override readonly name = 'InputNeeded';
  readonly requests: InputRequests;

  constructor(requests: InputRequests) {
    super('The client is to ask its user first.');
    this.requests = requests;
  }
}

/**
 * The user's answer, where the call has brought one to this very question. One that was closed is a no.
 * @throws InputNeeded where it has not.
 */
export function answerIn(
  responses: Record<string, unknown> | undefined,
  {digest, words}: TrustQuestion,
): boolean {
  // What has changed since it was shown is another question.
  const key = `trust-${digest}`;
  if (inputResponse(responses, key).kind === 'elicit') {
    return acceptedContent(responses, key, answer)?.trust === true;
  }
  throw new InputNeeded({
    [key]: inputRequired.elicit({
      mode: 'form',
      message: quoted(words),
      requestedSchema: {
        type: 'object',
        properties: {trust: {type: 'boolean', title: 'Trust it, until it changes', default: false}},
        required: ['trust'],
      },
    }),
  });
}
