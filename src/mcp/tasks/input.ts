import type {ElicitRequestFormParams} from '@modelcontextprotocol/server';
import {z} from 'zod';
import {Refusal} from '../../base/errors.ts';
import {indentedLines, oneLine} from '../../base/safe-text.ts';
import {type Ask, detailsOf, type Reply} from '../../delegation/model/ask.ts';
import {asksOf, type Delegation} from '../../delegation/model/delegation.ts';
import {spoken} from '../../report/format.ts';

/** A request to the client, as the extension has it in a task that waits for input. */
interface InputRequest {
  readonly method: 'elicitation/create';
  readonly params: ElicitRequestFormParams;
}

const elicited = z.object({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.record(z.string(), z.unknown()).optional(),
});
const permission = z.object({decision: z.enum(['allow', 'deny']), message: z.string().optional()});

/** What a delegation's agent asks, by keys that never mean anything else in its life. */
export function inputRequests(delegation: Delegation): Record<string, InputRequest> {
  return Object.fromEntries(
    asksOf(delegation).map((ask) => [
      keyOf(ask),
      {method: 'elicitation/create', params: {mode: 'form', ...formOf(delegation.id, ask)}},
    ]),
  );
}

/**
 * The answers in a client's responses. Responses to what nobody asks (any more) are left aside, as the extension
 * wants it, and so are those of people who have closed the form without an answer.
 * @throws Refusal naming a response that does not fit its request.
 */
export function repliesIn(responses: Record<string, unknown>, delegation: Delegation): readonly Reply[] {
  return asksOf(delegation).flatMap((ask) => {
    const key = keyOf(ask);
    if (responses[key] === undefined) return [];
    const reply = replyIn(parse(elicited, responses[key], key), ask, key);
    return reply === undefined ? [] : [{...reply, number: ask.number}];
  });
}

function replyIn({action, content}: z.output<typeof elicited>, ask: Ask, key: string): Reply | undefined {
  if (action === 'cancel') return undefined;
  if (action === 'decline') return {decision: 'deny'};
  if (ask.kind === 'permission') {
    const {decision, message} = parse(permission, content, key);
    return {decision, ...(message !== undefined && {message})};
  }
  const answers = ask.questions.map((_, n) => parse(z.string(), content?.[answerKey(n)], key));
  // One line each is how answers to several questions are told apart.
  return {decision: 'allow', message: answers.map((answer) => answer.replaceAll(/\s+/g, ' ')).join('\n')};
}

function formOf(id: string, ask: Ask): Pick<ElicitRequestFormParams, 'message' | 'requestedSchema'> {
  const asked = `The background agent of ${id} asks for ${oneLine(ask.what)}`;
  const message = [asked, ...detailsOf(ask).map(indentedLines), limitOf(ask)].join('\n');
  if (ask.kind === 'permission') {
    return {
      message,
      requestedSchema: {
        type: 'object',
        properties: {
          decision: {type: 'string', title: 'Decision', enum: ['allow', 'deny']},
          message: {type: 'string', title: 'Message', description: 'To go with a denial.'},
        },
        required: ['decision'],
      },
    };
  }
  const properties = ask.questions.map(({question, options}, n) => [
    answerKey(n),
    {type: 'string' as const, title: oneLine(question), description: options.map(oneLine).join(', ')},
  ]);
  return {
    message,
    requestedSchema: {
      type: 'object',
      properties: Object.fromEntries(properties),
      required: ask.questions.map((_, n) => answerKey(n)),
    },
  };
}

/** A form is shown once and stays as it is, so that it says how long and not until when by which clock. */
function limitOf({askedAt, until}: Ask): string {
  const limit = askedAt === undefined ? 'in time' : `within ${spoken(until - askedAt)}`;
  return `Without an answer ${limit} it is refused.`;
}

function keyOf({number}: Ask): string {
  return `request-${number}`;
}

function answerKey(n: number): string {
  return `answer_${n + 1}`;
}

function parse<T>(schema: z.ZodType<T>, value: unknown, key: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(`inputResponses.${key} does not fit: ${z.prettifyError(parsed.error)}`);
}
