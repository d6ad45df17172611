import {messageOf} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {pause} from '../base/pause.ts';
import type {ControlHello} from '../cli/sources/control-client.ts';
import {type Observed, observe} from '../cli/sources/observe.ts';
import type {RecordsOnDisk} from '../cli/sources/records.ts';
import {keyOf} from '../cli/sources/survey.ts';
import {type ShownDelegation, shownOfHead} from '../control/shown.ts';
import {hasEnded} from '../delegation/model/delegation.ts';

/** The screen is not drawn more often. */
const REDRAW_MS = 250;
/** What has failed is tried again after this time. */
const AGAIN_MS = 10_000;
/** So many records of the project are looked through for what a session has delegated before. */
const MAX_EARLIER = 50;

export interface ScreenFeedOptions {
  readonly hello: ControlHello;
  readonly records: RecordsOnDisk;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called at most four times a second, and every second or so though nothing has changed. */
  readonly onChange: (all: readonly ShownDelegation[]) => void;
}

/** How delegations stand: those without an end, those that end meanwhile, and those that had ended before. */
export class Feed {
  readonly #options: ScreenFeedOptions;
  readonly #earlier = new Map<string, ShownDelegation>();
  #known: Observed = new Map();

  constructor(options: ScreenFeedOptions) {
    this.#options = options;
  }

  get all(): readonly ShownDelegation[] {
    return [...new Map([...this.#earlier, ...this.#known]).values()];
  }

  /** Resolves when the signal has aborted. What goes wrong is logged, and nothing is shown until it goes well. */
  async run(): Promise<void> {
    const {hello, records, log, signal, onChange} = this.#options;
    const complain = (message: string) => log.warn(message);
    while (!signal.aborted) {
      try {
        await this.#readEarlier();
        for await (const known of observe({hello, records, signal, complain, onlyOwn: true})) {
          this.#known = known;
          onChange(this.all);
          await pause(REDRAW_MS, {signal});
        }
      } catch (error) {
        log.error(`delegations cannot be shown: ${messageOf(error)}`);
        this.#known = new Map();
        this.#earlier.clear();
        onChange([]);
        await pause(AGAIN_MS, {signal});
      }
    }
  }

  async #readEarlier(): Promise<void> {
    const {records, hello} = this.#options;
    const project = await records.projectOf(hello.cwd);
    for (const head of records.newest(MAX_EARLIER, project))
      if (hasEnded(head.state)) this.#earlier.set(keyOf(head), shownOfHead(head));
  }
}
