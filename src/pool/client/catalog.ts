import type {Catalog, Choice, ChoiceRequest} from '../../delegation/model/catalog.ts';
import {UNCHOSEN} from '../../delegation/model/elsewhere.ts';
import type {ModelName} from '../../settings/model-names.ts';
import type {PoolLink} from './link.ts';

export interface PoolCatalogOptions {
  readonly link: PoolLink;
  readonly modelNames: readonly ModelName[];
  /** Taken where a call names none. */
  readonly model: string | undefined;
}

/** Leaves to the worker which agents and models there are: what is not asked for, it chooses. */
export class PoolCatalog implements Catalog {
  readonly #options: PoolCatalogOptions;

  constructor(options: PoolCatalogOptions) {
    this.#options = options;
  }

  /** @throws Refusal where the pool cannot be reached. */
  async choose({agent, model, preferred}: ChoiceRequest): Promise<Choice> {
    const {link, modelNames} = this.#options;
    await link.reached();
    const asked = model ?? this.#options.model;
    const named = modelNames.find(({name}) => name === asked);
    if (named === undefined) return {agent: agent ?? UNCHOSEN.agent, model: asked ?? UNCHOSEN.model};
    const {name, models} = named;
    const [first = name] = models;
    const chosen = preferred !== undefined && models.includes(preferred) ? preferred : first;
    return {agent: agent ?? UNCHOSEN.agent, model: chosen, modelName: name};
  }

  async check(): Promise<undefined> {
    return undefined;
  }
}
