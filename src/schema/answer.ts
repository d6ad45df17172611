import {messageOf} from '../base/errors.ts';
import {schemaIn} from './check-schema.ts';
import {fitOf} from './fits.ts';
import {jsonIn} from './json-in.ts';

/** What an answer is worth that has to fit a schema: the text of its value, to the letter, or why it does not fit. */
export type JudgedAnswer = {readonly text: string} | {readonly why: string};

/** Finds the JSON value in an answer, and checks it against the schema. Never rejects. */
export async function judgeAnswer(answer: string, schema: string): Promise<JudgedAnswer> {
  const found = jsonIn(answer);
  if (found === undefined) return {why: 'the answer is not one JSON value'};
  try {
    const fit = await fitOf(found.value, schemaIn(schema));
    return fit.is === 'fitting' ? {text: found.text} : {why: fit.why};
  } catch (error) {
    // A record may be anybody's.
    return {why: `its schema cannot be read: ${messageOf(error)}`};
  }
}

/** What an agent is told of the schema, besides its prompt. */
export function askedFor(schema: string): string {
  return `Your last message must be one JSON value that fits the JSON Schema below, and nothing else: no words around it.\n\n${schema}`;
}

/** What an agent is told whose answer does not fit. */
export function askedAgain(schema: string, why: string): string {
  return `Your answer does not fit what was asked for: ${why}. Answer again, now with one JSON value that fits this JSON Schema and nothing else, no words around it. Do not do the work again.\n\n${schema}`;
}
