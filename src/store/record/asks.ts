import * as z from 'zod';
import {type Ask, type Decision, RULINGS} from '../../delegation/model/ask.ts';
import {iso, time} from './time.ts';

const shared = {number: z.int(), what: z.string(), asked: time.optional(), until: time};
const question = z.object({
  question: z.string(),
  options: z.array(z.string()),
  multiple: z.boolean().default(false),
});

/** The front matter of what a running delegation waits on. */
export const asks = z.array(
  z.discriminatedUnion('kind', [
    z.object({kind: z.literal('permission'), ...shared, detail: z.string()}),
    z.object({kind: z.literal('question'), ...shared, questions: z.array(question)}),
  ]),
);

/** The front matter of what became of requests. */
export const decisions = z.array(
  z.object({
    number: z.int(),
    what: z.string(),
    verdict: z.enum(RULINGS),
    message: z.string().optional(),
    at: time,
  }),
);

export function toAsks(matter: z.output<typeof asks>): readonly Ask[] {
  return matter.map(({asked: askedAt, ...rest}) => {
    const ask = {...rest, ...(askedAt !== undefined && {askedAt})};
    if (ask.kind === 'permission') return ask;
    const questions = ask.questions.map(({multiple, ...asked}) => ({...asked, isMultiple: multiple}));
    return {...ask, questions};
  });
}

export function fromAsks(open: readonly Ask[]): z.input<typeof asks> {
  return open.map(({askedAt, ...ask}) => {
    const times = {...(askedAt !== undefined && {asked: iso(askedAt)}), until: iso(ask.until)};
    if (ask.kind === 'permission') return {...ask, ...times};
    const questions = ask.questions.map(({isMultiple, options, ...asked}) => ({
      ...asked,
      options: [...options],
      ...(isMultiple && {multiple: true}),
    }));
    return {...ask, ...times, questions};
  });
}

export function toDecisions(matter: z.output<typeof decisions>): readonly Decision[] {
  return matter.map(({message, ...decision}) => ({...decision, ...(message !== undefined && {message})}));
}

export function fromDecisions(made: readonly Decision[]): z.input<typeof decisions> {
  return made.map((decision) => ({...decision, at: iso(decision.at)}));
}
