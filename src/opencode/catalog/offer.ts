import type {OpencodeClient, Provider} from '@opencode-ai/sdk/v2/client';
import {z} from 'zod';
import {messageOf, Refusal} from '../../base/errors.ts';
import {dataOf, NoAnswerError} from '../wire/answer.ts';

/** Those of OpenCode's own that a session can start with, in its order. */
const OWN_AGENTS = ['build', 'plan'];

/** An agent, as far as it matters for who works. */
const agent = z.object({
  name: z.string(),
  mode: z.enum(['subagent', 'primary', 'all']),
  hidden: z.boolean().optional(),
  /** As `provider/model`. */
  model: z.string().optional(),
});

/** What a directory's OpenCode configuration offers. */
export const offer = z.object({
  agents: z.array(agent),
  /** As `provider/model`. */
  models: z.array(z.string()),
  /** Those of them that OpenCode knows no price for. */
  unpriced: z.array(z.string()),
  /** The one that OpenCode takes where none is named; absent where it has none to take. */
  defaultAgent: z.string().optional(),
  defaultModel: z.string().optional(),
  smallModel: z.string().optional(),
});

export type OfferedAgent = Readonly<z.output<typeof agent>>;
export type Offer = Readonly<z.output<typeof offer>>;

/**
 * What a running server has read.
 * @throws Refusal with OpenCode's own words when it cannot read the configuration.
 * @throws NoAnswerError when the server has gone.
 */
export async function readOffer(client: OpencodeClient, directory: string): Promise<Offer> {
  try {
    const [agents, {providers}, config] = await Promise.all([
      dataOf(client.app.agents({directory})),
      dataOf(client.config.providers({directory})),
      dataOf(client.config.get({directory})),
    ]);
    const offered = agents.map(({name, mode, hidden, model}) => ({
      ...{name, mode, hidden},
      model: model && `${model.providerID}/${model.modelID}`,
    }));
    return {
      agents: offered,
      models: providers.flatMap((provider) => modelsOf(provider)).sort(),
      unpriced: providers.flatMap((provider) => modelsOf(provider, hasNoPrice)).sort(),
      defaultAgent: config.default_agent || firstOf(offered, Object.keys(config.agent ?? {})),
      defaultModel: config.model,
      smallModel: config.small_model,
    };
  } catch (error) {
    if (error instanceof NoAnswerError) throw error;
    throw new Refusal(
      `OpenCode could not read its configuration for ${directory}: ${messageOf(error)}. Fix it (\`opencode debug config\` there shows the same) and try again.`,
      {cause: error},
    );
  }
}

/** OpenCode asks its own agents first, then the others as they are configured. What it lists is in another order. */
function firstOf(agents: readonly OfferedAgent[], configured: readonly string[]): string | undefined {
  const canStart = ({mode, hidden}: OfferedAgent) => mode !== 'subagent' && hidden !== true;
  return [...OWN_AGENTS, ...configured].find((name) =>
    agents.some((agent) => agent.name === name && canStart(agent)),
  );
}

type OfferedModel = Provider['models'][string];

function modelsOf({id, models}: Provider, fits = (_: OfferedModel) => true): readonly string[] {
  const fitting = Object.entries(models).filter(([, model]) => fits(model));
  return fitting.map(([model]) => `${id}/${model}`);
}

/** OpenCode has 0 for what is not known, as for what is free. */
function hasNoPrice({cost}: OfferedModel): boolean {
  return cost === undefined || (cost.input === 0 && cost.output === 0);
}
