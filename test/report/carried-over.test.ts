import {describe, expect, it} from 'vitest';
import {CarriedOver, type Ongoing} from '../../src/report/carried-over.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';

const STARTED = Date.UTC(2026, 0, 2, 3, 5);
const WORDS = [...'abcdefghijklmnopqrstuvwxyz'];

/** The n-th is newer than those before it. */
const idOf = (n: number) => `swift-amber-otter${WORDS[n]}`;
const created = (n: number) => ({id: idOf(n), createdAt: Date.UTC(2026, 0, 1, 0, n)});

const ongoing = (n: number, prompt = 'Do it.'): Ongoing => ({
  delegation: aDelegation({...created(n), prompt, state: {status: 'running', startedAt: STARTED}}),
  activeAt: STARTED + 1_000,
});
const unread = (n: number, summary = 'All is well.') => aDelegation({...created(n), summary, state: anEnd()});
const idsIn = (text = '') => [...text.matchAll(/^- (swift-amber-otter[a-z]): /gm)].map(([, id]) => id);
const many = (count: number) => Array.from({length: count}, (_, n) => n);

describe('what is carried over', () => {
  it('is nothing where there is nothing', () => {
    expect(new CarriedOver({ongoing: [], unread: []}).text()).toBeUndefined();
  });

  it('names what runs and what is unread, with all that is needed to read them', () => {
    const text = new CarriedOver({ongoing: [ongoing(1)], unread: [unread(0)]}).text();
    expect(text?.split('\n')).toEqual([
      expect.stringContaining('Background delegations of this session'),
      `- ${idOf(1)}: running, agent build, started 2026-01-02T03:05:00.000Z, last active 2026-01-02T03:05:01.000Z. Prompt: Do it. Result: delegation_read("${idOf(1)}")`,
      `- ${idOf(0)}: completed, not read yet. Title: A title Summary: All is well. Result: delegation_read("${idOf(0)}")`,
      expect.stringContaining('A notice arrives by itself'),
    ]);
  });

  it('is at most 20, the newest, and counts the rest', () => {
    const text = new CarriedOver({
      ongoing: many(12).map((n) => ongoing(n * 2)),
      unread: many(12).map((n) => unread(n * 2 + 1)),
      omitted: 3,
    }).text();
    expect(idsIn(text)).toEqual(many(20).map((n) => idOf(23 - n)));
    expect(text).toContain('\n- and 7 more, older: delegation_list shows them.\n');
  });

  it('has at most 6,000 characters, of whole entries', () => {
    const long = 'A summary that goes on and on. '.repeat(20);
    const text = new CarriedOver({ongoing: [], unread: many(15).map((n) => unread(n, long))}).text();
    expect(text?.length).toBeLessThanOrEqual(6_000);
    const kept = idsIn(text);
    expect(kept).toEqual(many(kept.length).map((n) => idOf(14 - n)));
    expect(kept.length).toBeGreaterThan(5);
    expect(text).toContain(`\n- and ${15 - kept.length} more, older`);
  });

  it('has only the beginning of a prompt, on one line', () => {
    const text = new CarriedOver({ongoing: [ongoing(0, `Line one.\n${'x'.repeat(500)}`)], unread: []}).text();
    expect(text).toMatch(/Prompt: Line one\. x{150,191}… Result: /);
  });

  it('is added to a summary only as far as the summary has left it out', () => {
    const carried = new CarriedOver({ongoing: [ongoing(1)], unread: [unread(0)]});
    expect(idsIn(carried.missingIn(`${idOf(1)} is at work.`))).toEqual([idOf(0)]);
    expect(carried.missingIn(`${idOf(1)} is at work, ${idOf(0)} has ended.`)).toBeUndefined();
  });
});
