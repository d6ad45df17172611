import type {EnteredPlace} from './trust.ts';

/** The agent and the model that will run. */
export interface Choice {
  readonly agent: string;
  /** As `provider/model`. */
  readonly model: string;
  /** False where OpenCode knows no price for it. */
  readonly isPriced?: boolean;
}

/** With `read-only`, nothing that the directory itself brings is offered. */
export interface ChoiceRequest extends Pick<EnteredPlace, 'directory' | 'access' | 'trusted'> {
  readonly agent?: string;
  readonly model?: string;
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
