import {describe, expect, it, test} from 'vitest';
import {count, counted, duration, facts} from '../../src/report/format.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a duration', () => {
  test.each([
    [-5, '0 ms'],
    [0, '0 ms'],
    [850, '850 ms'],
    [999, '999 ms'],
    [SECOND, '1 s'],
    [MINUTE - 1, '59 s'],
    [MINUTE, '1 m'],
    [2 * MINUTE + 5 * SECOND, '2 m 5 s'],
    [HOUR - 1, '59 m 59 s'],
    [HOUR, '1 h'],
    [HOUR + 59 * SECOND, '1 h'],
    [3 * HOUR + 10 * MINUTE, '3 h 10 m'],
    [DAY, '1 d'],
    [2 * DAY + 4 * HOUR + MINUTE, '2 d 4 h'],
  ])('of %d ms reads "%s"', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('a count', () => {
  it('has its thousands apart', () => {
    expect(count(0)).toBe('0');
    expect(count(1_234_567)).toBe('1,234,567');
  });

  it('names one thing in the singular and any other number in the plural', () => {
    expect(counted(1, 'tool call')).toBe('1 tool call');
    expect(counted(0, 'tool call')).toBe('0 tool calls');
    expect(counted(1_000, 'file')).toBe('1,000 files');
  });
});

describe('facts', () => {
  it('leave out what is missing or empty', () => {
    expect(facts('a', undefined, false, '', 'b')).toBe('a · b');
    expect(facts()).toBe('');
  });
});
