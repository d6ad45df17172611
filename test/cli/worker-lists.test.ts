import {expect, it} from 'vitest';
import {allowedBy} from '../../src/cli/commands/worker-lists.ts';

const OWNER = 'QqYDCWYOSS98awR1XKThLa4Ozgl';

function given(options: Readonly<Record<string, string>>) {
  return allowedBy({text: (name) => options[name]});
}

it('a worker does all where nothing else is said, but whose work it takes has to be', () => {
  expect(given({owners: 'all'})).toEqual({owners: 'all', repositories: 'all', agents: 'all'});
  expect(() => given({})).toThrow('Say whose work it takes with --owners');
});

it('lists have names with commas between them', () => {
  expect(given({owners: ` ${OWNER},`, repos: 'github.com/our-team/*, root:50ef', agents: 'build'})).toEqual({
    ...{owners: [OWNER], repositories: ['github.com/our-team/*', 'root:50ef'], agents: ['build']},
  });
});

it.each(['owners', 'repos', 'agents'])(
  'an empty --%s is not all: a variable that is not set opens no worker',
  (option) => {
    expect(() => given({owners: OWNER, [option]: ' , '})).toThrow(`--${option} has nothing in it.`);
  },
);

it.each([
  ['owners', 'ada', 'names of 27 characters'],
  ['repos', 'https://github.com/our-team/shop.git', 'host/path'],
  ['repos', 'git@github.com:our-team/shop', 'host/path'],
])('what --%s would wait for in vain is refused: %s', (option, value, words) => {
  expect(() => given({owners: 'all', [option]: value})).toThrow(words);
});
