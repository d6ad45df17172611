import type {ShownDelegation} from '../../../control/shown.ts';
import {delegationKey, selectedIn, type ViewState} from './state.ts';
import type {Pressed} from './turn.ts';

/**
 * What a key does to the selected delegation, in the list and in what is peeked at. Only a single character is taken:
 * text that was pasted by mistake allows and stops nothing.
 */
export function actionKey(state: ViewState, text: string): Pressed {
  if (text === '?') return {state: {...state, shown: {is: 'help', from: 0}}};
  const shown = selectedIn(state);
  if (shown === undefined) return {state};
  const to = {project: shown.project, id: shown.id};
  switch (text) {
    case 'a':
      return allowed(state, shown);
    case 'd':
      return denied(state, shown);
    case 'c':
      return shown.ended_at === undefined
        ? {state: {...state, prompt: {is: 'cancel', of: delegationKey(shown)}}}
        : refused(state, `${shown.id} has ended.`);
    case 'm':
      return shown.ended_at === undefined
        ? {state: {...state, prompt: {is: 'message', of: delegationKey(shown), text: ''}}}
        : refused(state, `${shown.id} has ended.`);
    case 'v':
      return shown.worktree === undefined
        ? refused(state, `${shown.id} works in no worktree, so there is no change to show.`)
        : {state, effect: {does: 'change', to}};
    case 'o':
      return shown.session_id === undefined
        ? refused(state, `${shown.id} has no session in OpenCode yet.`)
        : {state, effect: {does: 'open', to}};
    case 'y':
      return {state, effect: {does: 'copy', text: shown.id}};
    default:
      return {state};
  }
}

/** A permission is given at once, as this once; a question is answered in words. */
function allowed(state: ViewState, shown: ShownDelegation): Pressed {
  const [request] = shown.requests;
  if (request === undefined) return refused(state, `${shown.id} asks for nothing.`);
  const of = delegationKey(shown);
  if (request.kind === 'question')
    return {state: {...state, prompt: {is: 'answer', of, request: request.number, text: ''}}};
  const to = {project: shown.project, id: shown.id};
  return {state, effect: {does: 'reply', to, request: request.number, decision: 'allow'}};
}

function denied(state: ViewState, shown: ShownDelegation): Pressed {
  const [request] = shown.requests;
  if (request === undefined) return refused(state, `${shown.id} asks for nothing.`);
  const of = delegationKey(shown);
  return {state: {...state, prompt: {is: 'deny', of, request: request.number, text: ''}}};
}

function refused(state: ViewState, text: string): Pressed {
  return {state: {...state, status: {text, look: 'attention'}}};
}
