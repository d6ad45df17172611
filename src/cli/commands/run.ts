import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import * as z from 'zod';
import {messageOf} from '../../base/errors.ts';
import {ACCESSES, type Access} from '../../delegation/model/access.ts';
import {MAX_TIMEOUT_MINUTES} from '../../delegation/model/delegation.ts';
import {PLACES, type Whereabouts} from '../../delegation/model/elsewhere.ts';
import {type Command, EXIT, type Invocation, type OptionSpec, UsageError} from '../line/command.ts';
import {atHost} from '../sources/acting.ts';
import {PROMPT_OPTIONS, promptOf} from '../sources/prompt.ts';
import {waitForEnd} from '../sources/wait-for-end.ts';

/** How a delegation is to run; `run` and `continue` have these. */
export const RUN_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  agent: {type: 'string', value: 'NAME', about: "A primary OpenCode agent. Default: the configuration's."},
  model: {
    type: 'string',
    value: 'MODEL',
    about:
      "As provider/model, or a name of OPENCODE_DELEGATE_MODELS. Default: the agent's, else the configuration's.",
  },
  access: {
    type: 'string',
    value: 'ACCESS',
    about: `${ACCESSES.join(', ')}. Default: agent.`,
    choices: ACCESSES,
  },
  where: {
    type: 'string',
    value: 'PLACE',
    about: `${PLACES.join(' or ')}, where OPENCODE_DELEGATE_POOL is set. Default: what OPENCODE_DELEGATE_WHERE says.`,
    choices: PLACES,
  },
  expect: {
    type: 'string',
    value: 'FILE',
    about: 'A JSON Schema that the answer must fit: the result is then that JSON.',
  },
  timeout: {type: 'string', value: 'MINUTES', about: 'How long it may run. Default: 15.'},
  'max-cost': {type: 'string', value: 'USD', about: 'End it when it has cost so much. Default: no limit.'},
  'max-tokens': {
    type: 'string',
    value: 'N',
    about: 'End it when it has used so many tokens. Default: no limit.',
  },
  wait: {type: 'boolean', short: 'w', about: 'Wait for its end; the exit code says how it ended.'},
};

export const run: Command = {
  usage: '[prompt] [options]',
  about:
    'Hands a piece of work to a background agent, and prints the id of the delegation alone on stdout. The agent goes on when the shell is closed. The prompt is the argument, a file, or stdin.',
  options: {
    ...RUN_OPTIONS,
    'include-changes': {
      type: 'boolean',
      about: 'In the pool: also what is not committed. Default: the last commit alone.',
    },
    directory: {type: 'string', short: 'C', value: 'DIR', about: 'Where it works. Default: here.'},
    ...PROMPT_OPTIONS,
  },
  examples: [
    ['run "Review the last commit" --access read-only', 'start it and carry on'],
    ['run --wait < task.md', 'wait for the end of a prompt from a file'],
  ],
  takes: {least: 0, most: 1},
  async run(call) {
    const {args, text, cwd} = call;
    const prompt = await promptOf(call, args[0]);
    if (prompt === undefined) throw new UsageError('There is no prompt.');
    const directory = resolve(cwd, text('directory') ?? '.');
    const changes = call.has('include-changes') ? {include_changes: true} : {};
    return start(call, {prompt, directory, ...settingsOf(call), ...changes});
  },
};

/** @throws UsageError. */
export function settingsOf({text, cwd}: Invocation) {
  const [agent, model, access, minutes] = [text('agent'), text('model'), text('access'), text('timeout')];
  if (access !== undefined && !isAccess(access))
    throw new UsageError(`There is no access "${access}". There are: ${ACCESSES.join(', ')}.`);
  const where = text('where');
  if (where !== undefined && !isPlace(where))
    throw new UsageError(`There is no place "${where}". There are: ${PLACES.join(', ')}.`);
  const limit = minutes === undefined ? undefined : Number(minutes);
  if (limit !== undefined && !(limit > 0 && limit <= MAX_TIMEOUT_MINUTES))
    throw new UsageError(`--timeout takes minutes, more than 0 and at most ${MAX_TIMEOUT_MINUTES}.`);
  const maxCost = limitIn('--max-cost', text('max-cost'), 'a number of US dollars, 0.5 say');
  const maxTokens = limitIn('--max-tokens', text('max-tokens'), 'a number of tokens');
  const expect = text('expect');
  return {
    ...(expect !== undefined && {expect: schemaFrom(resolve(cwd, expect))}),
    ...(maxCost !== undefined && {max_cost_usd: maxCost}),
    ...(maxTokens !== undefined && {max_tokens: maxTokens}),
    ...(agent !== undefined && {agent}),
    ...(model !== undefined && {model}),
    ...(access !== undefined && {access}),
    ...(where !== undefined && {where}),
    ...(limit !== undefined && {timeout_minutes: limit}),
  };
}

/** The host knows how large it may be. */
function limitIn(option: string, given: string | undefined, what: string): number | undefined {
  if (given === undefined) return undefined;
  const limit = given.trim() === '' ? Number.NaN : Number(given);
  if (!(limit > 0 && Number.isFinite(limit)))
    throw new UsageError(`${option} takes ${what}, more than 0, and not "${given}".`);
  return limit;
}

type Started = ReturnType<typeof settingsOf> & {
  readonly include_changes?: boolean;
  readonly directory: string;
  readonly prompt?: string;
  readonly continues?: {readonly project: string; readonly delegation: string};
};

/** Starts it, prints its id, and waits for its end where that is wanted. */
export async function start(call: Invocation, given: Started): Promise<number> {
  const {terminal, has} = call;
  const {delegation} = await atHost(call, (host) => host.ask({op: 'start', ...given}));
  if (delegation === undefined) return EXIT.failed;
  terminal.print(delegation.id);
  for (const note of delegation.notes) terminal.complain(note);
  return has('wait') ? waitForEnd(call, delegation) : EXIT.ok;
}

/** The schema in a file; whether it is one, the host says. @throws UsageError. */
function schemaFrom(path: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? 'it holds no JSON object' : messageOf(error);
    throw new UsageError(`--expect cannot be read: ${why}`, {cause: error});
  }
}

function isAccess(given: string): given is Access {
  return (ACCESSES as readonly string[]).includes(given);
}

function isPlace(given: string): given is Whereabouts {
  return (PLACES as readonly string[]).includes(given);
}
