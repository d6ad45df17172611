import {describe, expect, it} from 'vitest';
import {moved, narrowed, withDelegations} from '../../../src/cli/view/state/arrange.ts';
import {pressed} from '../../../src/cli/view/state/press.ts';
import {delegationKey, INITIAL, selectedIn, type ViewState} from '../../../src/cli/view/state/state.ts';
import type {Stroke} from '../../../src/cli/view/state/stroke.ts';
import type {Pressed, Room} from '../../../src/cli/view/state/turn.ts';
import type {ShownDelegation} from '../../../src/control/shown.ts';
import {aShown} from '../../support/scripted-host.ts';

const ROOM: Room = {height: 10, lines: 30, isRequestCut: false, here: 'shop'};
const PERMISSION: ShownDelegation['requests'][number] = {
  ...{number: 3, what: 'permission bash: true', details: ['true']},
  kind: 'permission',
  until: '2026-01-01T00:10:00.000Z',
};

const running = aShown({id: 'running-one', created_at: '2026-01-03T00:00:00.000Z'});
const asking = aShown({
  ...{id: 'asking-one', blocked: true, created_at: '2026-01-02T00:00:00.000Z'},
  requests: [PERMISSION],
});
const ended = aShown({
  ...{id: 'ended-one', status: 'completed', ended_at: '2026-01-01T01:00:00.000Z'},
  title: 'Find TODOs',
});

function stateOf(...all: ShownDelegation[]): ViewState {
  return withDelegations(INITIAL, all);
}

function selecting(state: ViewState, shown: ShownDelegation): ViewState {
  return {...state, selected: delegationKey(shown)};
}

/** Presses one key after the other; texts stand for themselves, names for keys. */
function press(state: ViewState, ...strokes: readonly (Stroke['key'] | `'${string}`)[]): Pressed {
  let last: Pressed = {state};
  for (const stroke of strokes) {
    const real = stroke.startsWith("'")
      ? {key: 'text' as const, text: stroke.slice(1)}
      : ({key: stroke} as Stroke);
    last = pressed(last.state, real, ROOM);
  }
  return last;
}

describe('the selection', () => {
  it('begins with what needs a person', () => {
    const state = stateOf(running, ended, asking);
    expect(state.visible.map(({id}) => id)).toEqual(['asking-one', 'running-one', 'ended-one']);
    expect(selectedIn(state)).toBe(asking);
  });

  it('stays on its delegation when that goes to another group', () => {
    const before = selecting(stateOf(running, asking, ended), running);
    const done = {...running, status: 'completed', ended_at: '2026-01-03T01:00:00.000Z'} as const;
    const after = withDelegations(before, [ended, done, asking]);
    expect(selectedIn(after)).toBe(done);
    expect(after.groups.map(([group]) => group)).toEqual(['needs you', 'ended']);
  });

  it('goes to what has come to its place when its delegation is gone', () => {
    const before = selecting(stateOf(running, asking, ended), running);
    expect(selectedIn(withDelegations(before, [asking, ended]))).toBe(ended);
    expect(selectedIn(withDelegations(before, [asking]))).toBe(asking);
    expect(selectedIn(withDelegations(before, []))).toBeUndefined();
  });

  it('moves, also several steps at once, and stops at both ends', () => {
    const state = stateOf(running, asking, ended);
    expect(selectedIn(press(state, 'down').state)).toBe(running);
    expect(selectedIn(press(state, "'jj").state)).toBe(ended);
    expect(selectedIn(press(state, "'jjjjj", "'k").state)).toBe(running);
    expect(selectedIn(press(state, 'up').state)).toBe(asking);
    expect(selectedIn(press(state, "'G").state)).toBe(ended);
    expect(selectedIn(moved(stateOf(), 1))).toBeUndefined();
  });
});

describe('the filter', () => {
  it('narrows the list as it is typed, Enter keeps it and Esc takes it back', () => {
    const state = stateOf(running, asking, ended);
    const typed = press(state, "'/", "'todo").state;
    expect(typed.visible).toEqual([ended]);
    expect(selectedIn(typed)).toBe(ended);
    expect(press(typed, 'enter').state).toMatchObject({filter: 'todo', prompt: undefined});
    expect(press(typed, 'escape').state).toMatchObject({filter: '', prompt: undefined});
    expect(press(typed, 'enter', 'escape').state.visible).toHaveLength(3);
    expect(press(typed, 'backspace').state.filter).toBe('tod');
  });

  it('takes letters that are keys elsewhere', () => {
    const {state, effect} = press(stateOf(asking), "'/", "'q", "'a");
    expect({filter: state.filter, effect}).toEqual({filter: 'qa', effect: undefined});
  });

  it('shows one project, or all', () => {
    const state = stateOf(aShown({project: 'shop'}), asking);
    expect(press(state, "'p").state.visible).toHaveLength(1);
    expect(press(state, "'p", "'p").state.visible).toHaveLength(2);
    expect(narrowed(state, 'nowhere').visible).toEqual([]);
  });
});

describe('a request', () => {
  const to = {project: asking.project, id: asking.id};

  it('is allowed with its number', () => {
    expect(press(stateOf(asking), "'a").effect).toEqual({
      ...{does: 'reply', to, request: 3, decision: 'allow'},
    });
  });

  it('is denied, with words or without', () => {
    const asked = press(stateOf(asking), "'d");
    expect(asked.effect).toBeUndefined();
    const deny = {does: 'reply', to, request: 3, decision: 'deny'};
    expect(press(asked.state, 'enter').effect).toEqual(deny);
    expect(press(asked.state, "'Not\nnow", 'enter').effect).toEqual({...deny, message: 'Not now'});
    expect(press(asked.state, 'escape')).toMatchObject({state: {prompt: undefined}});
  });

  it('that is a question is answered in words', () => {
    const question = {...asking, requests: [{...PERMISSION, kind: 'question' as const}]};
    const asked = press(stateOf(question), "'a").state;
    expect(press(asked, 'enter').effect).toBeUndefined();
    expect(press(asked, "'Blue", 'enter').effect).toMatchObject({decision: 'allow', message: 'Blue'});
  });

  it('is not allowed before all of it was to be seen', () => {
    const cut = {...ROOM, isRequestCut: true};
    const first = pressed(stateOf(asking), {key: 'text', text: 'a'}, cut);
    expect(first).toMatchObject({state: {shown: {is: 'peek'}}});
    expect(first.effect).toBeUndefined();
    expect(pressed(first.state, {key: 'text', text: 'a'}, ROOM).effect).toMatchObject({decision: 'allow'});
  });

  it('is not answered by pasted text', () => {
    for (const pasted of ['aa', 'abc', 'cy', 'dd\n'])
      expect(press(stateOf(asking), `'${pasted}`), pasted).toMatchObject({state: {prompt: undefined}});
    expect(press(stateOf(asking), "'abc").effect).toBeUndefined();
  });

  it('answered for another one than is meant is none: it goes to the one it was begun for', () => {
    const asked = press(stateOf(asking, running), "'d").state;
    const later = withDelegations({...asked, selected: delegationKey(running)}, [running, asking]);
    expect(press(later, 'enter').effect).toMatchObject({to});
  });

  it('that nobody makes is said not to be there', () => {
    expect(press(stateOf(running), "'a").state.status?.text).toBe('running-one asks for nothing.');
  });
});

describe('other keys', () => {
  it('cancel after a question only, and not what has ended', () => {
    const asked = press(stateOf(running), "'c");
    expect(asked.effect).toBeUndefined();
    expect(press(asked.state, "'y").effect).toMatchObject({does: 'cancel', to: {id: 'running-one'}});
    expect(press(asked.state, "'n")).toMatchObject({state: {prompt: undefined}});
    expect(press(asked.state, "'n").effect).toBeUndefined();
    expect(press(stateOf(ended), "'c").state.status?.text).toBe('ended-one has ended.');
  });

  it('tell the agent something that waits or runs, in words', () => {
    const asked = press(selecting(stateOf(running, ended), running), "'m");
    expect(asked.state.prompt).toMatchObject({is: 'message', text: ''});
    const to = {project: running.project, id: running.id};
    expect(press(asked.state, "'In French\n", "'please", 'enter').effect).toEqual({
      ...{does: 'message', to},
      message: 'In French please',
    });
    const nothing = press(asked.state, 'enter');
    expect(nothing.effect).toBeUndefined();
    expect(nothing.state.status?.text).toBe('Nothing was said.');
    const late = press(selecting(stateOf(ended), ended), "'m");
    expect(late.state.prompt).toBeUndefined();
    expect(late.state.status?.text).toBe('ended-one has ended.');
  });

  it('leave, with q in the list and Ctrl-C everywhere', () => {
    expect(press(stateOf(ended), "'q").effect).toEqual({does: 'leave'});
    expect(press(stateOf(ended), 'enter', "'q")).toEqual({
      state: expect.objectContaining({shown: {is: 'list'}}),
    });
    for (const key of ["'/", "'c", 'enter', "'?"] as const)
      expect(press(stateOf(asking), key, 'interrupt').effect, key).toEqual({does: 'leave'});
  });

  it('open a page that follows its end, or stays where it was scrolled to', () => {
    const live = press(stateOf(running), 'enter').state;
    expect(live.shown).toEqual({is: 'peek'});
    const up = press(live, 'up').state;
    expect(up.shown).toEqual({is: 'peek', from: 19});
    expect(press(up, 'down').state.shown).toEqual({is: 'peek'});
    expect(press(stateOf(ended), "' ").state.shown).toEqual({is: 'peek', from: 0});
  });

  it('say what is not there to be shown, and copy the id', () => {
    expect(press(stateOf(running), "'v").state.status?.text).toContain('works in no worktree');
    expect(press(stateOf(running), "'o").state.status?.text).toContain('no session');
    expect(press(stateOf({...running, session_id: 'ses_1'}), "'o").effect).toMatchObject({does: 'open'});
    expect(press(stateOf(running), "'y").effect).toEqual({does: 'copy', text: 'running-one'});
  });
});
