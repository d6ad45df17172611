import leven from 'leven';
import {Refusal} from '../../base/errors.ts';
import type {Choice, ChoiceRequest} from '../../delegation/model/catalog.ts';
import type {ModelName} from '../../settings/model-names.ts';
import {splitModel} from '../wire/model-name.ts';
import type {Offer, OfferedAgent} from './offer.ts';

const NAMED_MODELS = 5;

export interface ChoosingSettings {
  /** The model where neither the call nor the agent names one. */
  readonly model: string | undefined;
  readonly modelNames: readonly ModelName[];
  readonly allowSubagents: boolean;
}

/**
 * Fills in what was not asked for and checks what was.
 * @throws Refusal naming what would work.
 */
export function chooseFrom(
  offer: Offer,
  request: ChoiceRequest,
  {model: fallback, modelNames, allowSubagents}: ChoosingSettings,
): Choice {
  const agent = chooseAgent(offer, request.agent, allowSubagents);
  const named = namedModel(offer, request, modelNames);
  const {model, ...rest} = named ?? {model: chooseModel(offer, request, {agent, fallback, modelNames})};
  return {agent: agent.name, model, ...rest, ...(offer.unpriced.includes(model) && {isPriced: false})};
}

function chooseAgent(offer: Offer, wanted: string | undefined, allowSubagents: boolean): OfferedAgent {
  const usable = offer.agents.filter((agent) => isUsable(agent, allowSubagents));
  const names = usable.map(({name}) => name).join(', ') || 'none';
  const asked = wanted?.trim() || undefined;
  const name = asked ?? offer.defaultAgent;
  if (name === undefined) {
    throw new Refusal(
      `No agent is named, and this directory's OpenCode configuration has none to take: each is disabled, hidden or a subagent. Enable one, or set "default_agent". Agents that can be delegated to: ${names}.`,
    );
  }
  const whence = asked === undefined ? ', its "default_agent",' : '';
  const agent = offer.agents.find((candidate) => candidate.name === name && candidate.hidden !== true);
  if (agent === undefined) {
    throw new Refusal(
      `There is no agent "${name}"${whence} in this directory's OpenCode configuration. Agents that can be delegated to: ${names}.`,
    );
  }
  if (!isUsable(agent, allowSubagents)) {
    throw new Refusal(
      `The agent "${name}"${whence} is a subagent: subagents belong to the client's own task flow, in the foreground. Agents that can be delegated to: ${names}. OPENCODE_DELEGATE_ALLOW_SUBAGENTS=1 lifts this.`,
    );
  }
  return agent;
}

function isUsable(agent: OfferedAgent, allowSubagents: boolean): boolean {
  return agent.hidden !== true && (agent.mode !== 'subagent' || allowSubagents);
}

/** The model that a name of the person's stands for; `undefined` where no such name is asked for. */
function namedModel(
  {models}: Offer,
  {model: wanted, preferred}: ChoiceRequest,
  names: readonly ModelName[],
): Pick<Choice, 'model' | 'modelName' | 'passedOver'> | undefined {
  const named = names.find(({name}) => name === wanted?.trim().toLowerCase());
  if (named === undefined) return undefined;
  const usable = named.models.filter((model) => models.includes(model));
  const others = named.models.filter((model) => !usable.includes(model));
  const model = usable.find((one) => one === preferred) ?? usable[0];
  if (model === undefined) {
    const which = others.map((other) => `"${other}"`).join(' nor ');
    throw new Refusal(
      `OpenCode can use ${others.length === 1 ? `not ${which}` : `neither ${which}`} here, which OPENCODE_DELEGATE_MODELS has for "${named.name}". ${nearest(named.models[0] ?? '', models)}`,
    );
  }
  const passedOver = others.map((other) => ({model: other, why: 'OpenCode cannot use it here.'}));
  return {model, modelName: named.name, ...(passedOver.length > 0 && {passedOver})};
}

function chooseModel(
  offer: Offer,
  {model: wanted, callerModel}: ChoiceRequest,
  {
    agent,
    fallback,
    modelNames,
  }: {agent: OfferedAgent; fallback: string | undefined; modelNames: readonly ModelName[]},
): string {
  const sources: readonly [string | undefined, string][] = [
    [wanted?.trim() || undefined, 'asked for'],
    [agent.model, `of the agent "${agent.name}"`],
    // Anyone who calls runs on it, but it may be known to its own directory's configuration only.
    [offer.models.find((model) => model === callerModel), 'of the caller'],
    [fallback, 'in OPENCODE_DELEGATE_MODEL'],
    [offer.defaultModel, 'of your OpenCode configuration'],
  ];
  const [model, source] = sources.find(([name]) => name !== undefined) ?? [];
  if (model === undefined) {
    throw new Refusal(
      `No model is configured, and none is chosen in silence. Pass model as provider/model, set "model" in your OpenCode configuration, or set OPENCODE_DELEGATE_MODEL. ${someModels(offer.models)}`,
    );
  }
  if (offer.models.includes(model)) return model;
  throw new Refusal(
    `The model "${model}" (${source}) is not among those that OpenCode can use here. ${nearest(model, offer.models)}${namesIn(modelNames)}`,
  );
}

function namesIn(names: readonly ModelName[]): string {
  if (names.length === 0) return '';
  return ` Names that OPENCODE_DELEGATE_MODELS sets: ${names.map(({name}) => name).join(', ')}.`;
}

function someModels(models: readonly string[]): string {
  if (models.length === 0) return 'OpenCode knows no model yet: `opencode auth login` adds a provider.';
  const more = models.length > NAMED_MODELS ? ` and ${models.length - NAMED_MODELS} more` : '';
  return `OpenCode knows ${models.slice(0, NAMED_MODELS).join(', ')}${more}.`;
}

function nearest(wanted: string, models: readonly string[]): string {
  if (models.length === 0) return someModels(models);
  const {modelID} = splitModel(wanted);
  // People leave out the provider or get the version wrong, so either half may be what is near.
  const distance = (model: string) =>
    Math.min(leven(wanted, model), leven(modelID, splitModel(model).modelID) + 1);
  const near = [...models].sort((a, b) => distance(a) - distance(b)).slice(0, NAMED_MODELS);
  return `The nearest: ${near.join(', ')}.`;
}
