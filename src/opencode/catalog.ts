import type {Agent, OpencodeClient, Provider} from '@opencode-ai/sdk/v2/client';
import leven from 'leven';
import {messageOf, Refusal} from '../delegation/errors.ts';
import {pause} from '../delegation/pause.ts';
import type {Catalog, Choice, ChoiceRequest} from '../delegation/ports.ts';
import {dataOf, NoAnswerError} from './answer.ts';
import type {Connection} from './connection.ts';
import {splitModel} from './model-name.ts';
import type {OpenCode} from './opencode.ts';

const FALLBACK_AGENT = 'build';
const NAMED_MODELS = 5;

/** A server that dies as it is asked is replaced, and the next one is asked. */
const ASK_ATTEMPTS = 4;
const ASK_PAUSE_MS = 200;

/** A configuration that was read this long ago may have been mended since. */
const STALE_MS = 5_000;

/** What a directory's OpenCode configuration offers, as the running server has read it. */
interface Offer {
  /** When it was asked for, in milliseconds since the epoch. */
  readonly readAt: number;
  readonly agents: readonly Agent[];
  /** As `provider/model`. */
  readonly models: readonly string[];
  readonly defaultAgent: string | undefined;
  readonly defaultModel: string | undefined;
  readonly smallModel: string | undefined;
}

export interface CatalogOptions {
  readonly opencode: OpenCode;
  /** The model where neither the call nor the agent names one. */
  readonly model: string | undefined;
  readonly allowSubagents: boolean;
}

/** Asks OpenCode for agents and models, and remembers the answer for as long as that server lives. */
export class OpenCodeCatalog implements Catalog {
  readonly #options: CatalogOptions;
  readonly #offers = new WeakMap<Connection, Map<string, Promise<Offer>>>();

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  async choose(request: ChoiceRequest): Promise<Choice> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#choose(request);
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        if (attempt === ASK_ATTEMPTS) throw new Refusal(wentAway(error));
        // Its end may not be known yet; then the same server would be asked once more.
        await pause(ASK_PAUSE_MS, {});
      }
    }
  }

  async #choose(request: ChoiceRequest): Promise<Choice> {
    const connection = await this.#options.opencode.connect();
    const offer = await this.#offer(connection, request.directory);
    try {
      return this.#chooseFrom(offer, request);
    } catch (error) {
      if (!(error instanceof Refusal) || !(await this.#forget(connection, offer))) throw error;
      const anew = await this.#options.opencode.connect();
      return this.#chooseFrom(await this.#offer(anew, request.directory), request);
    }
  }

  /** Boots the directory in the server and learns its offer, so that the first delegation need not wait. */
  async warm(directory: string): Promise<void> {
    await this.#offer(await this.#options.opencode.connect(), directory);
  }

  /** The user's small model, if one is configured. */
  async smallModel(directory: string): Promise<string | undefined> {
    const offer = await this.#offer(await this.#options.opencode.connect(), directory);
    return offer.smallModel;
  }

  #chooseFrom(offer: Offer, request: ChoiceRequest): Choice {
    const agent = this.#chooseAgent(offer, request.agent);
    return {agent: agent.name, model: this.#chooseModel(offer, request, agent)};
  }

  #chooseAgent(offer: Offer, wanted: string | undefined): Agent {
    const usable = offer.agents.filter((agent) => this.#isUsable(agent));
    const names = usable.map(({name}) => name).join(', ');
    const name = wanted?.trim() || offer.defaultAgent || FALLBACK_AGENT;
    const agent = offer.agents.find((candidate) => candidate.name === name && candidate.hidden !== true);
    if (agent === undefined) {
      throw new Refusal(
        `There is no agent "${name}" in this directory's OpenCode configuration. Agents that can be delegated to: ${names}.`,
      );
    }
    if (!this.#isUsable(agent)) {
      throw new Refusal(
        `The agent "${name}" is a subagent: subagents belong to the client's own task flow, in the foreground. Agents that can be delegated to: ${names}. OPENCODE_DELEGATE_ALLOW_SUBAGENTS=1 lifts this.`,
      );
    }
    return agent;
  }

  #isUsable(agent: Agent): boolean {
    return agent.hidden !== true && (agent.mode !== 'subagent' || this.#options.allowSubagents);
  }

  #chooseModel(offer: Offer, {model: wanted, callerModel}: ChoiceRequest, agent: Agent): string {
    const ofAgent = agent.model && `${agent.model.providerID}/${agent.model.modelID}`;
    const sources: readonly [string | undefined, string][] = [
      [wanted?.trim() || undefined, 'asked for'],
      [ofAgent, `of the agent "${agent.name}"`],
      // Whoever calls runs on it, but it may be known to its own directory's configuration only.
      [offer.models.find((model) => model === callerModel), 'of the caller'],
      [this.#options.model, 'in OPENCODE_DELEGATE_MODEL'],
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
      `The model "${model}" (${source}) is not among those that OpenCode can use here. ${nearest(model, offer.models)}`,
    );
  }

  #offer(connection: Connection, directory: string): Promise<Offer> {
    const offers = this.#offers.get(connection) ?? new Map<string, Promise<Offer>>();
    this.#offers.set(connection, offers);
    const known = offers.get(directory);
    if (known !== undefined) return known;
    const offer = readOffer(connection.client, directory);
    offers.set(directory, offer);
    // A failure is told to whoever asked, and the next one asks anew: a server that nobody else uses is not
    // asked again, for it would stay by what it has read.
    offer.catch(async () => {
      offers.delete(directory);
      if (connection.listeners.length === 0) await connection.close();
    });
    return offer;
  }

  /**
   * Has OpenCode read the configuration anew, for the user may have mended it. It reads the user's part of it
   * once in its life, so that takes a new server, and is done only while nothing runs in the old one.
   * Returns whether it is done.
   */
  async #forget(connection: Connection, {readAt}: Offer): Promise<boolean> {
    if (Date.now() - readAt < STALE_MS || connection.listeners.length > 0) return false;
    await connection.close();
    return true;
  }
}

async function readOffer(client: OpencodeClient, directory: string): Promise<Offer> {
  const readAt = Date.now();
  try {
    const [agents, {providers}, config] = await Promise.all([
      dataOf(client.app.agents({directory})),
      dataOf(client.config.providers({directory})),
      dataOf(client.config.get({directory})),
    ]);
    return {
      readAt,
      agents,
      models: providers.flatMap(modelsOf).sort(),
      defaultAgent: config.default_agent,
      defaultModel: config.model,
      smallModel: config.small_model,
    };
  } catch (error) {
    if (error instanceof NoAnswerError) throw error;
    throw new Refusal(
      `OpenCode could not read its configuration for ${directory}: ${messageOf(error)}. Mend it (\`opencode debug config\` there shows the same) and try again.`,
    );
  }
}

function wentAway(error: NoAnswerError): string {
  return `OpenCode went away ${ASK_ATTEMPTS} times while it was asked for agents and models: ${error.message}. Nothing was started. Try again; the log of the host says how it ended.`;
}

function modelsOf({id, models}: Provider): readonly string[] {
  return Object.keys(models).map((model) => `${id}/${model}`);
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
