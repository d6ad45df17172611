import stringWidth from 'string-width';
import {describe, expect, it} from 'vitest';
import {wrapped} from '../../../src/cli/view/draw/fit.ts';
import {layoutOf, roomOf} from '../../../src/cli/view/draw/frame.ts';
import {KEYS} from '../../../src/cli/view/draw/help.ts';
import type {Area} from '../../../src/cli/view/draw/paint.ts';
import {partLines, shapeOf} from '../../../src/cli/view/draw/parts.ts';
import {composed, markOf, placesIn} from '../../../src/cli/view/screen/places.ts';
import {withDelegations} from '../../../src/cli/view/state/arrange.ts';
import {delegationKey, INITIAL, type ViewState} from '../../../src/cli/view/state/state.ts';
import type {ShownDelegation} from '../../../src/control/shown.ts';
import {Page} from '../../support/markdown.ts';
import {aShown} from '../../support/scripted-host.ts';

const NOW = Date.parse('2026-01-01T00:05:00.000Z');
const areaOf = (columns: number, rows: number): Area => ({columns, rows, now: NOW, paint: (_, text) => text});
const stateOf = (...all: ShownDelegation[]): ViewState => withDelegations(INITIAL, all);

/** Moves the cursor, clears the screen, turns the direction, begins a line, and is long. */
const HOSTILE = `\u001b[2J\u001b[1;1Hgone\r\n> fake-row-here  completed\u202e\u2066\u0007\u009b5A${'x'.repeat(10_000)}`;
const hostile = aShown({
  ...{title: HOSTILE, agent: HOSTILE, model: HOSTILE, directory: HOSTILE, error: HOSTILE, notes: [HOSTILE]},
  ...{activity: {last: HOSTILE, at: '2026-01-01T00:00:00.000Z'}, blocked: true},
  requests: [
    {number: 1, kind: 'permission', what: HOSTILE, details: [HOSTILE], until: '2026-01-01T00:10:00.000Z'},
  ],
});

describe.each([
  [60, 24],
  [120, 40],
  [200, 50],
  [20, 6],
])('at %i columns and %i rows', (columns, rows) => {
  const area = areaOf(columns, rows);
  const words = {key: delegationKey(hostile), result: HOSTILE};

  it.each(['list', 'peek', 'help', 'change'] as const)('hostile words stay in their lines: %s', (is) => {
    const shown = is === 'change' ? {is, text: HOSTILE, from: 0} : is === 'help' ? {is, from: 0} : {is};
    const state: ViewState = {
      ...{...stateOf(hostile), words, shown},
      status: {text: HOSTILE, look: 'bad'},
    };
    const {body, list, detail} = layoutOf(area);
    const room = {title: columns, status: columns, rule: columns, page: body.columns};
    const widths: Record<string, number> = {...room, list: list.columns, detail: detail.columns};
    for (const [name, lines] of Object.entries(partLines(state, area))) {
      for (const line of lines) {
        expect(line, name).not.toMatch(/[\p{Cc}\u202e\u2066]/u);
        expect(stringWidth(line), `${name}: ${line}`).toBeLessThanOrEqual(widths[name] ?? 0);
      }
    }
    expect((partLines(state, area).list ?? []).length).toBeLessThanOrEqual(list.rows);
  });
});

describe('the list', () => {
  const many = Array.from({length: 200}, (_, n) => aShown({id: `one-of-${n}`}));

  it('draws only the rows in sight, and the selected one is', () => {
    const state = {...stateOf(...many), selected: 'shop-0123abcd/one-of-150'};
    const {list = []} = partLines(state, areaOf(120, 30));
    expect(list).toHaveLength(27);
    expect(list.filter((line) => line.startsWith('> '))).toEqual([expect.stringContaining('one-of-150')]);
  });

  it('is beside the selected one where there is room, and above it otherwise', () => {
    const shapes = [
      [200, 50],
      [120, 40],
      [119, 40],
      [60, 24],
      [60, 8],
    ].map(([columns = 0, rows = 0]) => shapeOf({is: 'list'}, areaOf(columns, rows)));
    expect(shapes).toEqual(['wide', 'wide', 'stacked', 'stacked', 'narrow']);
  });

  it('says what is wrong where it is empty', () => {
    expect(partLines(INITIAL, areaOf(60, 24)).list?.[0]).toContain('Looking');
    expect(partLines(stateOf(), areaOf(60, 24)).list?.[0]).toContain('No delegations yet.');
  });
});

describe('a request', () => {
  const asking = (details: readonly string[]) =>
    stateOf(
      aShown({
        blocked: true,
        requests: [
          {
            ...{number: 1, kind: 'permission', what: 'permission bash: make', details: [...details]},
            until: '2026-01-01T00:10:00.000Z',
          },
        ],
      }),
    );

  it('is known to be cut where it does not fit', () => {
    const area = areaOf(60, 24);
    expect(roomOf(asking(['make all']), area, undefined).isRequestCut).toBe(false);
    expect(roomOf(asking(['make all'.repeat(200)]), area, undefined).isRequestCut).toBe(true);
    expect(roomOf(asking(['make all']), areaOf(60, 8), undefined).isRequestCut).toBe(true);
  });

  it('is whole in what is peeked at', () => {
    const command = `make ${'all '.repeat(200)}end`;
    const state: ViewState = {...asking([command]), shown: {is: 'peek'}};
    const {lines} = roomOf(state, areaOf(60, 24), undefined);
    const all = partLines(state, areaOf(60, lines + 3)).page ?? [];
    expect(all.map((line) => line.trim()).join(' ')).toContain(command);
  });
});

describe('lines that fit', () => {
  it('break between words, keep wide characters whole, and lose nothing', () => {
    expect(wrapped('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrapped('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrapped('日本語日本語', 5)).toEqual(['日本', '語日', '本語']);
    expect(wrapped('a\n\nb', 4)).toEqual(['a', '', 'b']);
  });
});

describe('the parts', () => {
  it('are put where their marks are laid out', () => {
    const frame = `${markOf(0)}\n${markOf(1)}   ${markOf(2)}\n`;
    const [title, left, right, none] = placesIn(frame, 4);
    if (title === undefined || left === undefined || right === undefined) throw new Error('not placed');
    expect(none).toBeUndefined();
    const parts = [
      {place: right, columns: 5, lines: ['c', 'd']},
      {place: title, columns: 9, lines: ['title']},
      {place: left, columns: 3, lines: ['aaa', 'bbb']},
    ];
    expect(composed(parts, 4)).toEqual(['title', 'aaa c', 'bbb d', '']);
  });
});

it('the page about the live view has the keys that the help has', () => {
  const rows = new Page('docs/live-view.md').table('## Keys');
  expect(rows.map(([keys = '']) => keys.replaceAll('`', ''))).toEqual(KEYS.map(([keys]) => keys));
});
