import {expect, it} from 'vitest';
import {failed} from '../../../src/cli/doctor/finding.ts';

it('what is wrong is a sentence where what to do stands behind it', () => {
  expect(failed('Pool', new Error('it is away'), 'Start it.').says).toBe('it is away.');
  expect(failed('Pool', new Error('It is away.'), 'Start it.').says).toBe('It is away.');
  expect(failed('Pool', new Error('it is away'))).toEqual({what: 'Pool', is: 'failed', says: 'it is away'});
});
