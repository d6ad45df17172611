import {homedir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {pathOf} from '../../src/mcp/connection/given-path.ts';

it.each([
  ['~', '/home/ada'],
  ['~/my shop', '/home/ada/my shop'],
  [' ~/shop ', '/home/ada/shop'],
  ['file:///home/ada/my%20shop', '/home/ada/my shop'],
  ['file://localhost/home/ada', '/home/ada'],
  ['"/home/ada/my shop"', '/home/ada/my shop'],
  ['`~/shop`', '/home/ada/shop'],
])('%j is a place on this machine', (given, path) => {
  expect(pathOf(given, '/home/ada')).toBe(path);
});

it.each([
  '/home/ada/~/x',
  '/my%20shop',
  ' /with blanks ',
  'src',
  '"/home/ada',
  '~bob/x',
  'https://example.com/x',
  'file://elsewhere/x',
])('%j stays as it is', (given) => {
  expect(pathOf(given, '/home/ada')).toBe(given);
});

it('without a home in the environment of the client, it is the one of the account', () => {
  expect(pathOf('~/x', undefined)).toBe(join(homedir(), 'x'));
});
