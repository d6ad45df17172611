import {Refusal} from '../../base/errors.ts';
import {pause} from '../../base/pause.ts';
import type {Catalog, Choice, ChoiceRequest} from '../../delegation/model/catalog.ts';
import type {Connection} from '../server/connection.ts';
import type {Entrance} from '../server/entrance.ts';
import type {OpenCode} from '../server/opencode.ts';
import {checkReading} from '../session/right-place.ts';
import {NoAnswerError} from '../wire/answer.ts';
import {type ChoosingSettings, chooseFrom} from './choosing.ts';
import {type Offer, readOffer} from './offer.ts';
import type {OfferMemory} from './offer-memory.ts';

/** A server that dies as it is asked is replaced, and the next one is asked. */
const ASK_ATTEMPTS = 4;
const ASK_PAUSE_MS = 200;

type Place = Pick<ChoiceRequest, 'directory' | 'access' | 'trusted'>;

export interface CatalogOptions extends ChoosingSettings {
  readonly opencode: OpenCode;
  readonly memory: OfferMemory;
  /** A folder that brings nothing. */
  readonly neutral: string;
  readonly entrance: Entrance;
}

/**
 * Asks OpenCode for agents and models, and remembers the answer for as long as that server lives. While none runs, what
 * an earlier one has answered to the same configuration is used, and checked before anything is sent.
 */
export class OpenCodeCatalog implements Catalog {
  readonly #options: CatalogOptions;
  readonly #offers = new WeakMap<Connection, Map<string, Promise<Offer>>>();
  /** What was chosen from memory, and has not been checked yet. */
  readonly #unchecked = new Map<string, ChoiceRequest>();

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  async choose(request: ChoiceRequest): Promise<Choice> {
    const {opencode} = this.#options;
    for (const place of [request.directory, this.placeOf(request)]) checkReading(place);
    return (await this.#recall(request)) ?? opencode.during(() => this.#chooseInSpite(request));
  }

  async check(work: Choice & Place): Promise<string | undefined> {
    const key = keyOf(work, work);
    const request = this.#unchecked.get(key);
    if (request === undefined) return undefined;
    try {
      const now = await this.#options.opencode.during(() => this.#chooseInSpite(request));
      this.#unchecked.delete(key);
      if (now.agent === work.agent && now.model === work.model) return undefined;
      return `Your OpenCode configuration has changed: it now gives the agent "${now.agent}" and the model "${now.model}" for what was asked, and no longer "${work.agent}" and "${work.model}". Nothing was sent. Delegate it again.`;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#unchecked.delete(key);
      return error.message;
    }
  }

  /** The user's small model, if one is configured. */
  async smallModel(place: Place): Promise<string | undefined> {
    const {opencode} = this.#options;
    // Most people have none. Where the server has said so, nothing is asked, and nothing need be looked at.
    const known = await this.#known(this.placeOf(place));
    if (known !== undefined && known.smallModel === undefined) return undefined;
    return opencode.during(async () => (await this.#offer(place, 'a small model is looked for')).smallModel);
  }

  /**
   * Where OpenCode is asked about a directory: elsewhere, where nothing of the directory may run. That the server which
   * runs `read-only` offers no more is seen to, and it takes long to load its guard for the first time.
   */
  placeOf({directory, access}: Place): string {
    return access === 'read-only' ? this.#options.neutral : directory;
  }

  /** What the memory gives while no server runs; one is started meanwhile. What it does not allow, OpenCode is asked for. */
  async #recall(request: ChoiceRequest): Promise<Choice | undefined> {
    const {opencode, memory} = this.#options;
    if (opencode.isServing) return undefined;
    const offer = await memory.recall(this.placeOf(request));
    if (offer === undefined) return undefined;
    try {
      const choice = chooseFrom(offer, request, this.#options);
      this.#unchecked.set(keyOf(request, choice), request);
      // Anyone who needs it hears what is wrong with it.
      void opencode.connect('somebody delegates').catch(() => {});
      return choice;
    } catch (error) {
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  }

  /** A server that goes away as it is asked is replaced, and the next one is asked. */
  async #chooseInSpite(request: ChoiceRequest): Promise<Choice> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#choose(request);
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        if (attempt === ASK_ATTEMPTS) throw new Refusal(wentAway(error), {cause: error});
        // Its end may not be known yet; then the same server would be asked once more.
        await pause(ASK_PAUSE_MS, {});
      }
    }
  }

  async #choose(request: ChoiceRequest): Promise<Choice> {
    return chooseFrom(await this.#offer(request, 'somebody delegates'), request, this.#options);
  }

  async #offer(place: Place, need: string): Promise<Offer> {
    const {opencode, entrance} = this.#options;
    const directory = this.placeOf(place);
    return this.#offerOf(await entrance.enter(opencode, {...place, directory}, need), directory);
  }

  /** What the server that runs has offered, where somebody has asked it. */
  async #known(directory: string): Promise<Offer | undefined> {
    const {current} = this.#options.opencode;
    return (
      current &&
      this.#offers
        .get(current)
        ?.get(directory)
        ?.catch(() => undefined)
    );
  }

  #offerOf(connection: Connection, directory: string): Promise<Offer> {
    const offers = this.#offers.get(connection) ?? new Map<string, Promise<Offer>>();
    this.#offers.set(connection, offers);
    const known = offers.get(directory);
    if (known !== undefined) return known;
    const offer = readOffer(connection.client, directory);
    offers.set(directory, offer);
    offer.then(
      (read) => this.#options.memory.remember(directory, read, connection.startedAt),
      // A failure is told to the one who asked, and the next one asks again: a server that nobody else uses is not
      // asked again, for it would stay by what it has read.
      async () => {
        offers.delete(directory);
        if (connection.listeners.length === 0) await connection.close();
      },
    );
    return offer;
  }
}

function keyOf({directory, access}: Place, {agent, model}: Choice): string {
  return JSON.stringify([directory, access, agent, model]);
}

function wentAway(error: NoAnswerError): string {
  return `OpenCode went away ${ASK_ATTEMPTS} times while it was asked for agents and models: ${error.message}. Nothing was started. Try again; the log of the host says how it ended.`;
}
