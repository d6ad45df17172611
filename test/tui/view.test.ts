import stringWidth from 'string-width';
import {describe, expect, it} from 'vitest';
import {badgeLines} from '../../src/tui/view/badge.ts';
import {sidebarLines} from '../../src/tui/view/sidebar.ts';
import {anEnded, aRequest, aShown} from '../support/shown.ts';

const at = {session: 'ses_a', now: Date.parse('2026-01-01T10:00:17.000Z')};
const textOf = (lines: readonly {text: string}[]) => lines.map(({text}) => text);

describe('the sidebar', () => {
  it('says of each delegation of the session how it stands, for how long, what it costs and what it does', () => {
    const activity = {last: 'read main.ts', at: '2026-01-01T10:00:16.000Z'};
    const usage = {...aShown().usage, cost_usd: 0.042};
    expect(textOf(sidebarLines([aShown({activity, usage})], at))).toEqual([
      'Delegations',
      '• Count the stars',
      '  running 12s · $0.04 · read main.ts',
    ]);
  });

  it('says how long an ended one took, and no longer what it did', () => {
    const activity = {last: 'read main.ts', at: '2026-01-01T10:00:16.000Z'};
    expect(textOf(sidebarLines([anEnded({activity})], at))).toEqual([
      'Delegations',
      '• Count the stars',
      '  completed 2m',
    ]);
  });

  it('is empty where the session has delegated nothing', () => {
    expect(sidebarLines([], at)).toEqual([]);
    expect(sidebarLines([aShown({parent_session: 'ses_b'})], at)).toEqual([]);
  });

  it('shows what needs the person first, then the newest, and says how many there is no room for', () => {
    const many = Array.from({length: 9}, (_, n) =>
      aShown({id: `id-${n}`, title: `Work ${n}`, created_at: `2026-01-01T09:00:0${n}.000Z`}),
    );
    const waiting = aShown({title: 'Old', created_at: '2026-01-01T08:00:00.000Z', blocked: true});
    const lines = sidebarLines([...many, {...waiting, requests: [aRequest(1)]}], at);
    expect(textOf(lines).slice(1, 5)).toEqual([
      '• Old',
      '  needs you 12s · bash: make',
      '• Work 8',
      '  running 12s',
    ]);
    expect(lines[1]?.color).toBe('warning');
    expect(textOf(lines).at(-1)).toBe('and 2 more: /delegations');
  });

  it.each([
    ['escape sequences', 'wipe \x1b[2J\x1b[H all'],
    ['lines of its own', 'one\n• Faked\r\n  completed'],
    ['marks that turn the direction', 'abc \u202egnp.exe'],
    ['10,000 characters', 'x'.repeat(10_000)],
    ['wide characters', '漢字'.repeat(50)],
  ])('is not moved or torn by %s', (_, hostile) => {
    const requests = [aRequest(1, hostile)];
    const lines = sidebarLines([aShown({title: hostile, requests, blocked: true})], at);
    expect(lines).toHaveLength(3);
    for (const {text} of lines) {
      expect(text).toMatch(/^[^\p{Cc}\p{Cf}]*$/u);
      expect(stringWidth(text)).toBeLessThanOrEqual(36);
    }
  });
});

describe('the badge', () => {
  it('counts what runs and what needs the person, in this session alone', () => {
    const all = [
      aShown({id: 'a'}),
      aShown({id: 'b', blocked: true}),
      aShown({id: 'c'}),
      anEnded({id: 'd'}),
      aShown({id: 'e', parent_session: 'ses_b'}),
    ];
    expect(badgeLines(all, 'ses_a')).toEqual([{text: '1 needs you · 2 running', color: 'warning'}]);
    expect(badgeLines(all, 'ses_b')).toEqual([{text: '1 running', color: 'textMuted'}]);
  });

  it('is not there where nothing runs', () => {
    expect(badgeLines([anEnded(), aShown({status: 'queued'})], 'ses_a')).toEqual([]);
  });
});
