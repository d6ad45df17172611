import {z} from 'zod';
import {NO_STATS} from '../../../src/delegation/model/delegation.ts';
import type {FakeRun} from '../../support/fakes.ts';

/**
 * The scenarios of the tasks extension call tools of a fixture server by name. Each of them is something that
 * one of our tools does, so they run against ours: only names and arguments are exchanged on the way in.
 */
const TRANSLATIONS: Readonly<Record<string, (input: Input) => Call>> = {
  greet: () => ({name: 'delegation_list', arguments: {}}),
  slow_compute: ({seconds = 0}) => delegating({end: 'completed', afterMs: seconds * 1_000}),
  failing_job: () => delegating({end: 'error', afterMs: 0}),
  protocol_error_job: () => delegating({end: 'interrupted', afterMs: 0}),
};

const plan = z.object({end: z.enum(['completed', 'error', 'interrupted']), afterMs: z.number()});
type Plan = z.output<typeof plan>;

interface Input {
  readonly seconds?: number | undefined;
}

interface Call {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

const toolCall = z.looseObject({
  method: z.literal('tools/call'),
  params: z.looseObject({
    name: z.string(),
    arguments: z.looseObject({seconds: z.number().optional()}).optional(),
  }),
});

/** The name of a tool as our server knows it. */
export function translateName(name: string): string {
  return TRANSLATIONS[name]?.({}).name ?? name;
}

/** A request as our server knows it. */
export function translateBody(body: string): string {
  const parsed = toolCall.safeParse(JSON.parse(body));
  if (!parsed.success) return body;
  const {params} = parsed.data;
  const call = TRANSLATIONS[params.name]?.(params.arguments ?? {});
  return call === undefined ? body : JSON.stringify({...parsed.data, params: {...params, ...call}});
}

/** Ends a run as its prompt says, which {@link translateBody} wrote. */
export function follow(run: FakeRun): void {
  const {end, afterMs} = plan.parse(JSON.parse(run.request.prompt));
  const product = {text: 'The answer', work: NO_STATS};
  const settle = () =>
    run.settle(
      end === 'completed'
        ? {outcome: end, product}
        : {outcome: end, product, error: `It was told to end as ${end}.`},
    );
  // An agent that is not to end in time keeps no test waiting.
  setTimeout(settle, afterMs).unref();
}

function delegating(what: Plan): Call {
  return {name: 'delegate', arguments: {prompt: JSON.stringify(what)}};
}
