import {expect, it, test} from 'vitest';
import {answersOf} from '../../src/delegation/asks/answers.ts';

const one = (isMultiple = false) => ({question: 'Which?', options: ['Red', 'Dark Blue'], isMultiple});

test.each([
  ['an option, however it is written', one(), ' dark BLUE\n', [['Dark Blue']]],
  ['other words, whole', one(), 'Green,\nand gold', [['Green,\nand gold']]],
  ['several options', one(true), 'red, Dark Blue', [['Red', 'Dark Blue']]],
  ['options and other words are words', one(true), 'red, green', [['red, green']]],
  ['several options where one can be chosen are words', one(), 'red, dark blue', [['red, dark blue']]],
])('an answer can be %s', (_, question, message, answers) => {
  expect(answersOf([question], message)).toEqual(answers);
});

it('several questions are answered on a line each', () => {
  expect(answersOf([one(), one(true)], 'red\n\r\nred, dark blue\n')).toEqual([['Red'], ['Red', 'Dark Blue']]);
});

test.each([
  [[one()], undefined, /A question needs an answer/],
  [[one()], ' \n', /A question needs an answer/],
  [[one(), one()], 'red', /It asks 2 questions and the message has 1 line\./],
  [[one(), one()], 'a\nb\nc', /It asks 2 questions and the message has 3 lines\./],
])('no question is left without an answer: %#', (questions, message, words) => {
  expect(() => answersOf(questions, message)).toThrow(words);
});
