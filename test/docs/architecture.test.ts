import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {posix} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {NO_STATS, OUTCOMES, STATUSES, type State} from '../../src/delegation/model/delegation.ts';
import {type LifecycleEvent, transition} from '../../src/delegation/model/lifecycle.ts';
import {anEnd} from '../support/fakes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const page = read('docs/architecture.md');

function read(path: string): string {
  return readFileSync(`${ROOT}/${path}`, 'utf8');
}

/** What stands below a heading, up to the next one. */
function below(heading: string): string {
  return page.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? '';
}

/** The folders of src that hold code, and the files beside them. */
function roomsOfSrc(): readonly string[] {
  const files = readdirSync(`${ROOT}/src`, {recursive: true, encoding: 'utf8'})
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.c?tsx?$/.test(path));
  return [...new Set(files.map((path) => (path.includes('/') ? posix.dirname(path) : path)))].sort();
}

describe('the page about the architecture', () => {
  it('names only files and folders that there are', () => {
    const named = [...page.matchAll(/`((?:src|test|docs)\/[^`\s]+)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([]);
    const linked = [...page.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, path = '']) => path);
    expect(linked.filter((path) => !existsSync(`${ROOT}/docs/${path}`))).toEqual([]);
  });

  it('says of each room of the layout what it is for', () => {
    const rows = [...below('The folders of `src`').matchAll(/^\| `([^`]+)` \| \S.* \|$/gm)];
    const named = rows.map(([, room = '']) => room);
    expect([...named].sort()).toEqual(roomsOfSrc());
    // The test of the layout knows each by its name, and in the same order: from the top floor down.
    const layout = read('test/layout.test.ts');
    const floors = layout.slice(layout.indexOf('const FLOORS'), layout.indexOf('];\n'));
    const positions = named.map((room) => floors.indexOf(`'${room}'`));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  it('walks a call in ten steps, each of which names a file', () => {
    const walks = [
      'One `delegate` call',
      'The way back: `delegation_read` of the end',
      'A notice in OpenCode',
    ];
    const steps = walks.map((heading) => below(heading).match(/^\d+\. .*$/gm) ?? []);
    expect(steps[0]).toHaveLength(10);
    expect(steps.flat().length).toBeGreaterThan(25);
    const [, , told = []] = steps;
    // The last step of a notice is for the person, and needs no file.
    const needed = steps.flat().filter((step) => step !== told.at(-1));
    expect(needed.filter((step) => !/`src\/[\w./-]+\.ts`/.test(step))).toEqual([]);
  });

  it('draws exactly the changes of state that the code makes', () => {
    const drawn = [...below('Life of a delegation').matchAll(/^ {2}(\w+) --> (\w+): ([\w-]+)$/gm)];
    expect(drawn.map(([, from, to, event]) => `${from} ${event} ${to}`).sort()).toEqual(changes());
    const arrows = below('Life of a delegation').match(/-->/g) ?? [];
    // The others lead from the beginning, and to the end.
    expect(arrows).toHaveLength(drawn.length + 1 + OUTCOMES.length);
  });
});

/** A state for each status. */
const STATES: Readonly<Record<(typeof STATUSES)[number], State>> = {
  registered: {status: 'registered'},
  queued: {status: 'queued'},
  running: {status: 'running', startedAt: 1},
  completed: anEnd({status: 'completed'}),
  error: anEnd({status: 'error'}),
  cancelled: anEnd({status: 'cancelled'}),
  timeout: anEnd({status: 'timeout'}),
  interrupted: anEnd({status: 'interrupted'}),
};

const ASK = {kind: 'permission', what: 'permission bash: rm', detail: 'rm', number: 1, until: 9} as const;

/** All events of each type that there are. */
const EVENTS: Readonly<Record<LifecycleEvent['type'], readonly LifecycleEvent[]>> = {
  enqueued: [{type: 'enqueued'}],
  started: [{type: 'started', at: 2}],
  'session-opened': [{type: 'session-opened', sessionId: 'ses_1'}],
  'nothing-sent': [{type: 'nothing-sent'}],
  'to-repair': [{type: 'to-repair', sessionId: 'ses_1', usage: NO_STATS.usage}],
  blocked: [{type: 'blocked', asks: [ASK]}],
  used: [{type: 'used', usage: NO_STATS.usage}],
  ended: OUTCOMES.map((outcome) => ({type: 'ended', outcome, at: 3, work: NO_STATS})),
};

function changes(): readonly string[] {
  const all = STATUSES.flatMap((from) =>
    Object.values(EVENTS)
      .flat()
      .flatMap((event) => {
        const next = transition(STATES[from], event);
        return next === STATES[from] ? [] : [`${from} ${event.type} ${next.status}`];
      }),
  );
  return [...new Set(all)].sort();
}
