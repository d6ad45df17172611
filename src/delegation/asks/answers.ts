import {Refusal} from '../../base/errors.ts';
import type {Question} from '../model/ask.ts';

/**
 * The answers to an agent's questions, in their order, from what somebody wrote: the whole text for a single
 * question, a line for each of several.
 * @throws Refusal when something is left without an answer.
 */
export function answersOf(questions: readonly Question[], message = ''): readonly (readonly string[])[] {
  const text = message.trim();
  if (text === '') throw new Refusal('A question needs an answer: give it as message, or deny.');
  const [question] = questions;
  if (question !== undefined && questions.length === 1) return [choose(question, text)];
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length !== questions.length) {
    throw new Refusal(
      `It asks ${questions.length} questions and the message has ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}. Answer each on a line of its own, in their order.`,
    );
  }
  return questions.map((asked, n) => choose(asked, lines[n] ?? ''));
}

/** An option that was named is chosen by its label; what is no option is an answer in the person's own words. */
function choose({options, isMultiple}: Question, given: string): readonly string[] {
  const text = given.trim();
  const labelOf = (name: string) =>
    options.find((label) => label.trim().toLowerCase() === name.trim().toLowerCase());
  const single = labelOf(text);
  if (single !== undefined) return [single];
  const several = isMultiple ? text.split(',').map(labelOf) : [];
  const chosen = several.filter((label) => label !== undefined);
  return chosen.length > 0 && chosen.length === several.length ? chosen : [text];
}
