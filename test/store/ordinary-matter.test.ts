import fc from 'fast-check';
import {JSON_SCHEMA, load} from 'js-yaml';
import {describe, expect, it, test} from 'vitest';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {withoutBrief} from '../../src/store/record/brief.ts';
import {toHead} from '../../src/store/record/front-matter.ts';
import {ordinaryMatter} from '../../src/store/record/ordinary-matter.ts';
import {renderRecord} from '../../src/store/record/record.ts';
import {frontMatter} from '../../src/store/record/schema.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';

const PARENT = {session: 'ses_1', pid: 7, message: 'msg_1', agent: 'build', model: 'a/b', variant: 'high'};
const FULL = aDelegation({
  title: 'It: is',
  summary: "One 'line' #1",
  access: 'read-only',
  owner: {pid: 7, hostname: '7h', environment: '9fab', sessions: '/a b'},
  parent: PARENT,
  continues: {id: 'calm-blue-heron', sessionId: 'ses_2'},
  modelName: 'fast',
  ceilings: {costUsd: 0.5, tokens: 50_000},
  isTask: true,
  notes: ['Not taken along: "a".', 'b'],
  readAt: Date.UTC(2028, 1, 29),
  state: anEnd({startedAt: 5, sessionId: 'ses_3', error: 'Why: "not".', atLimit: 'cost'}),
});

function yamlOf(delegation: Delegation): string {
  const file = renderRecord(delegation);
  return withoutBrief(file.slice(4, file.indexOf('\n---\n') + 1));
}

/** What every reader of YAML, and then the schema, makes of it. */
function headOf(yaml: string) {
  return toHead(frontMatter.parse(load(yaml, {schema: JSON_SCHEMA})), 'project');
}

function expectSame(yaml: string): void {
  const matter = ordinaryMatter(yaml);
  if (matter !== undefined) expect(toHead(matter, 'project')).toStrictEqual(headOf(yaml));
}

describe('the front matter of an ordinary record', () => {
  test.each<[string, Partial<Delegation>]>([
    ['all that it can have', {}],
    ['nothing that it need not have', {...aDelegation(), state: anEnd()}],
    [
      'files and refusals',
      {state: anEnd({work: {...anEnd().work, filesChanged: ['a', 'b: c'], refused: ['d']}})},
    ],
    ...(['completed', 'error', 'cancelled', 'timeout', 'interrupted'] as const).map(
      (status): [string, Partial<Delegation>] => [`the end ${status}`, {state: anEnd({status})}],
    ),
  ])('is read the fast way with %s', (_, given) => {
    const yaml = yamlOf({...FULL, ...given});
    expect(ordinaryMatter(yaml)).toBeDefined();
    expectSame(yaml);
  });

  it('is read the fast way where an earlier version has written it', () => {
    const yaml = yamlOf(FULL).replace(/ {2}environment: .*\n {2}sessions: .*\n/, '');
    expect(yaml).not.toContain('environment');
    expect(ordinaryMatter(yaml)).toBeDefined();
    expectSame(yaml);
  });

  it('is read as the schema does, whatever a person or another version has made of it', () => {
    const lines = yamlOf(FULL).slice(0, -1).split('\n');
    const values = [
      ...[
        '',
        ' ',
        ' x',
        ' ""',
        " ''",
        ' null',
        ' true',
        ' -1',
        ' 0',
        ' 1.5',
        ' 1e400',
        ' 99999999999999999999',
      ],
      ...[
        ' 2026-02-30T00:00:00.000Z',
        ' 2026-02-28T24:00:00.000Z',
        ' 2026-02-28T00:00:00Z',
        ' a: b',
        ' |-',
        ' []',
      ],
      ...[' - x', ' agent', ' completed', ' running', ' ../../x', ' swift-amber-otter', ' &a b', ' # c'],
    ];
    const change = fc.record({
      at: fc.nat({max: lines.length - 1}),
      how: fc.constantFrom('value', 'drop', 'twice', 'indent', 'swap'),
      value: fc.constantFrom(...values),
    });
    fc.assert(
      fc.property(fc.array(change, {minLength: 1, maxLength: 2}), (changes) => {
        const changed = [...lines];
        for (const {at, how, value} of changes) {
          const line = changed[at] ?? 'a: b';
          const next = changed[at + 1] ?? '';
          if (how === 'value') changed[at] = `${line.replace(/:.*$/, ':')}${value}`;
          else if (how === 'drop') changed.splice(at, 1);
          else if (how === 'twice') changed.splice(at, 0, line);
          else if (how === 'indent') changed[at] = `  ${line}`;
          else changed.splice(at, 2, next, line);
        }
        expectSame(`${changed.join('\n')}\n`);
      }),
      {numRuns: 5_000},
    );
  });
});
