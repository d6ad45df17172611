import {messageOf, Refusal} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {oneLine} from '../base/safe-text.ts';
import type {ShownDelegation} from '../control/shown.ts';
import type {Acting} from './acting.ts';
import type {TuiApi} from './opencode/api.ts';

export interface ScreenOptions {
  readonly api: TuiApi;
  readonly log: Logger;
  readonly acting: Acting;
  /** How delegations stand now. */
  readonly all: () => readonly ShownDelegation[];
}

/** OpenCode's screen as the commands use it. Nothing that goes wrong leaves it: the person is told, or the log. */
export class Screen {
  readonly api: TuiApi;
  readonly acting: Acting;
  readonly all: () => readonly ShownDelegation[];
  readonly #log: Logger;

  constructor({api, log, acting, all}: ScreenOptions) {
    this.api = api;
    this.acting = acting;
    this.all = all;
    this.#log = log;
  }

  /** The session that is shown; `undefined` on other pages. */
  get session(): string | undefined {
    const {name, params} = this.api.route.current;
    return name === 'session' && typeof params?.sessionID === 'string' ? params.sessionID : undefined;
  }

  say(message: string): void {
    this.api.ui.toast({variant: 'info', message: oneLine(message)});
  }

  /** Does what a person has asked for. */
  do(act: () => void | Promise<void>): void {
    void (async () => act())().catch((error: unknown) => {
      if (!(error instanceof Refusal)) this.#log.error(messageOf(error));
      this.api.ui.toast({variant: 'error', message: oneLine(messageOf(error))});
    });
  }
}
