import {filtered} from './arrange.ts';
import {delegationKey, type Prompt, type ViewState} from './state.ts';
import type {Stroke} from './stroke.ts';
import type {Pressed} from './turn.ts';

/** What a key does while the person is asked for something. */
export function pressedInPrompt(state: ViewState, prompt: Prompt, stroke: Stroke): Pressed {
  const closed: ViewState = {...state, prompt: undefined};
  if (stroke.key === 'escape')
    return {state: prompt.is === 'filter' ? filtered(closed, prompt.before) : closed};
  if (prompt.is === 'cancel') return confirmed(closed, prompt, stroke);
  switch (stroke.key) {
    case 'enter':
      if (prompt.is === 'filter') return {state: closed};
      return prompt.is === 'message' ? told(closed, prompt) : answered(closed, prompt);
    case 'backspace':
      return {state: rewritten(state, prompt, [...prompt.text].slice(0, -1).join(''))};
    case 'text':
      // A line break that comes with what is pasted ends nothing.
      return {state: rewritten(state, prompt, prompt.text + stroke.text.replace(/[\r\n]+/g, ' '))};
    default:
      return {state};
  }
}

type Written = Exclude<Prompt, {readonly is: 'cancel'}>;
type Answer = Extract<Written, {readonly is: 'deny' | 'answer'}>;

function rewritten(state: ViewState, prompt: Written, text: string): ViewState {
  const next = {...state, prompt: {...prompt, text}};
  return prompt.is === 'filter' ? filtered(next, text) : next;
}

function confirmed(state: ViewState, {of}: {readonly of: string}, stroke: Stroke): Pressed {
  const to = named(state, of);
  const isYes = stroke.key === 'text' && /^y$/i.test(stroke.text);
  return isYes && to !== undefined ? {state, effect: {does: 'cancel', to}} : {state};
}

/** A denial needs no words; an answer to a question is nothing without. */
function answered(state: ViewState, {is, of, request, text}: Answer): Pressed {
  const to = named(state, of);
  const message = text.trim();
  if (to === undefined) return {state};
  if (is === 'answer' && message === '')
    return {state: {...state, status: {text: 'Nothing was answered.', look: 'attention'}}};
  const decision = is === 'deny' ? 'deny' : 'allow';
  return {
    state,
    effect: {...{does: 'reply', to, request, decision}, ...(message !== '' && {message})},
  };
}

function told(state: ViewState, {of, text}: Extract<Written, {readonly is: 'message'}>): Pressed {
  const [to, message] = [named(state, of), text.trim()];
  if (to === undefined) return {state};
  return message === ''
    ? {state: {...state, status: {text: 'Nothing was said.', look: 'attention'}}}
    : {state, effect: {does: 'message', to, message}};
}

function named({all}: ViewState, key: string) {
  const shown = all.find((one) => delegationKey(one) === key);
  return shown && {project: shown.project, id: shown.id};
}
