import {existsSync, readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import type {State} from '../../src/delegation/model/delegation.ts';
import {NO_STATS} from '../../src/delegation/model/delegation.ts';
import {type LifecycleEvent, transition} from '../../src/delegation/model/lifecycle.ts';
import {readText} from '../support/markdown.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const page = readText('docs/architecture.md');

const STATES: readonly State[] = [
  {status: 'registered'},
  {status: 'queued'},
  {status: 'running', startedAt: 1},
];
const EVENTS: readonly LifecycleEvent[] = [
  {type: 'enqueued'},
  {type: 'started', at: 2},
  {type: 'session-opened', sessionId: 'ses_1'},
  {type: 'nothing-sent'},
  {type: 'blocked', asks: [{kind: 'permission', number: 1, what: 'a', detail: 'a', until: 9}]},
  {type: 'ended', at: 3, outcome: 'error', work: NO_STATS},
];

describe('the page about the architecture', () => {
  it('shows the changes of state that there are, and no others', () => {
    const changes = STATES.flatMap((state) =>
      EVENTS.flatMap((event) => {
        const next = transition(state, event);
        if (next === state) return [];
        return `${state.status} -> ${event.type === 'ended' ? 'ended' : next.status}: ${event.type}`;
      }),
    );
    const shown = [...page.matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm)].flatMap(([, from, to, events = '']) =>
      events.split(', ').map((event) => `${from} -> ${to}: ${event}`),
    );
    expect(shown.sort()).toEqual(changes.sort());
  });

  it('has each folder of the source in its table of rooms', () => {
    const folders = readdirSync(`${ROOT}/src`, {withFileTypes: true}).filter((entry) => entry.isDirectory());
    const rooms = [...page.matchAll(/^\| `(src\/\w+)` \|/gm)].map(([, room]) => room);
    expect(rooms.sort()).toEqual(folders.map(({name}) => `src/${name}`).sort());
  });
});

it.each(['architecture', 'opencode-facts', 'decisions'])('docs/%s.md names files that there are', (name) => {
  const named = [...readText(`docs/${name}.md`).matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(
    ([, path]) => path,
  );
  for (const path of named) expect(existsSync(`${ROOT}/${path}`), path).toBe(true);
});

it('every fact about OpenCode has a file that uses it and a test that `npm run test:facts` runs', async () => {
  const {HELD_ELSEWHERE} = await import('../facts/held-elsewhere.ts');
  const rows = readText('docs/opencode-facts.md').match(/^\| .+ \|$/gm) ?? [];
  const facts = rows.slice(2);
  expect(facts.length).toBeGreaterThan(15);
  for (const fact of facts) {
    const [, test = ''] = /^\| .+ \| `src\/[^`]+` \| `(test\/[^`]+)` \|$/.exec(fact) ?? [];
    expect(test.startsWith('test/facts/') || HELD_ELSEWHERE.some((held) => held === test), fact).toBe(true);
  }
});
