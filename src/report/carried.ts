import {hasHidden} from '../base/safe-text.ts';

/**
 * Tags that clients give their own words to a model in, and ours: with two words in their names, which no type of a
 * programming language has.
 */
const OF_TWO_WORDS =
  /<[\s/!?]*(?:[\w-]*(?:system\W?reminder|task\W?notification)|(?:system|user|developer|assistant|human|task|subagent|agent|tool|function|environment|session|hook|mcp|bash|command|local[-_]command|turn)[-_](?:reminder|notification|message|prompt|instruction|context|detail|result|call|use|metadata|id|aborted|name|args|content|stdout|stderr|output|input|caveat|status))/i;
/** And with one. Types begin with a capital, and go on without: `Array<User>`. */
const OF_ONE_WORD =
  /<[\s/!?]*(?:antml:|(?:system|instructions?|important|user|developer|assistant|human|invoke|retrieval|request|reply)[\s/>]|(?:SYSTEM|INSTRUCTIONS?|IMPORTANT|USER|DEVELOPER|ASSISTANT|HUMAN)[\s/>])/;
/** What a model's own conversation is made of: `<|im_start|>`. */
const OF_MODELS = /<\|[\w-]+\|>/;
/** As the last line of an answer looks. */
const END_MARK = /\[end of [a-z]+-[a-z]+-[a-z]+, /;

/**
 * True for a text that may stand in a conversation to the letter, between lines of ours that say where it ends: nothing
 * in it is hidden, or looks like a tag that the client or we give a meaning. Other tags are left: most code has some.
 */
export function canBeCarried(text: string): boolean {
  if ([OF_TWO_WORDS, OF_ONE_WORD, OF_MODELS, END_MARK].some((pattern) => pattern.test(text))) return false;
  return !hasHidden(text.replace(/\t|\r\n/g, '\n'));
}
