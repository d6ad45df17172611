import type {PassedOver} from './delegation.ts';
import type {EnteredPlace} from './trust.ts';

/** The agent and the model that will run. */
export interface Choice {
  readonly agent: string;
  /** As `provider/model`. */
  readonly model: string;
  /** False where OpenCode knows no price for it. */
  readonly isPriced?: boolean;
  /** The name that was asked for, where that is not the model's own. */
  readonly modelName?: string;
  /** Those of that name that cannot be used here. */
  readonly passedOver?: readonly PassedOver[];
}

/** With `read-only`, nothing that the directory itself brings is offered. */
export interface ChoiceRequest extends Pick<EnteredPlace, 'directory' | 'access' | 'trusted'> {
  readonly agent?: string;
  /** As `provider/model`, or a name. */
  readonly model?: string;
  /** Of the models that a name stands for, the one to be taken first. */
  readonly preferred?: string;
  /** Used where neither the request nor the agent names one. */
  readonly callerModel?: string;
}

/** Knows which agents and models a directory's configuration offers. */
export interface Catalog {
  /**
   * Fills in what was not asked for and checks what was.
   * @throws Refusal when there is no such agent or model, when neither is configured, or when OpenCode
   * cannot be started or may not look there; the message says what would work.
   */
  choose(request: ChoiceRequest): Promise<Choice>;
  /**
   * Resolves with why a choice does not hold that was made from memory, as a sentence; with `undefined` when it does, or
   * was made by asking. To be called before anything is sent.
   */
  check(work: Choice & Pick<ChoiceRequest, 'directory' | 'access' | 'trusted'>): Promise<string | undefined>;
}
