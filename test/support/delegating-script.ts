import {createGate, type Gate} from './gate.ts';
import type {ModelRequest, Reply, ScriptedModel} from './scripted-model.ts';
import {PREFIX} from './user-opencode.ts';

/** A call of `delegate`. */
export const delegate = (prompt: string): Reply => ({tool: `${PREFIX}delegate`, input: {prompt}});

/** A call of `delegation_read`. */
export const read = (id: string): Reply => ({tool: `${PREFIX}delegation_read`, input: {id}});

/** The ids in what `delegate` has answered in the whole conversation. */
export function idsIn({messages}: ModelRequest): readonly string[] {
  return messages
    .filter(({role}) => role === 'tool')
    .flatMap(({content}) => /^([a-z]+-[a-z]+-[a-z]+) · (?:running|queued)/.exec(String(content))?.[1] ?? []);
}

export interface Work {
  /** What is delegated, one after the other. */
  readonly prompts: readonly string[];
  readonly answer?: (prompt: string) => string;
  /** What the session does when it is told something. */
  readonly onNotice?: (request: ModelRequest) => Reply | Promise<Reply>;
  /** What it does besides, after it has delegated. */
  readonly after?: (request: ModelRequest) => Reply | Promise<Reply>;
}

/** Has a session delegate those prompts when it is told anything; their answers wait for their gates. */
export function scriptDelegating(
  model: ScriptedModel,
  {prompts, answer = (prompt) => `Answer to ${prompt}`, onNotice, after}: Work,
): ReadonlyMap<string, Gate> {
  const gates = new Map(prompts.map((prompt) => [prompt, createGate()]));
  model.script(async (request): Promise<Reply> => {
    const {prompt, tools, toolResults} = request;
    const gate = gates.get(prompt);
    if (gate !== undefined) {
      await gate.opened;
      return {text: answer(prompt)};
    }
    if (tools.length === 0) return {text: 'A title'};
    if (prompt.includes('<task-notification>')) return onNotice?.(request) ?? {text: 'Noted.'};
    const next = prompts[toolResults.length];
    return next === undefined ? ((await after?.(request)) ?? {text: 'Carrying on.'}) : delegate(next);
  });
  return gates;
}
