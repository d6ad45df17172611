import {deferred} from '../../base/deferred.ts';
import {messageOf} from '../../base/errors.ts';
import type {ShownDelegation} from '../../control/shown.ts';
import type {ControlHello} from '../sources/control-client.ts';
import type {Terminal} from '../terminal/terminal.ts';
import {roomOf} from './draw/frame.ts';
import {cancelAtHost, replyAtHost, tellAtHost} from './feed/acting.ts';
import {ownCommand, ownCommandAtTerminal} from './feed/own-command.ts';
import {Picture} from './picture.tsx';
import {FullScreen} from './screen/full-screen.ts';
import {giveBackAtEnd} from './screen/give-back.ts';
import {pressed} from './state/press.ts';
import {delegationKey, type Remark, selectedIn, type ViewState} from './state/state.ts';
import {strokeOf, type ToldKey} from './state/stroke.ts';
import type {Effect} from './state/turn.ts';
import {ViewStore} from './store.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface SessionOptions {
  readonly hello: ControlHello;
  readonly main: string;
  readonly terminal: Terminal;
  /** The project of the directory that the view was opened in. */
  readonly here: () => Promise<string>;
}

/** The view while a person has it open: keys come in, frames go out, and what keys ask for is done. */
export class Session {
  readonly store = new ViewStore((state) => {
    if (!this.#isAway) this.#picture.show(state);
  });
  readonly #options: SessionOptions;
  readonly #screen = new FullScreen(process.stdout);
  readonly #left = deferred<Error | undefined>();
  readonly #picture: Picture;
  /** True while another program has the terminal. */
  #isAway = false;
  #here: string | undefined;
  #tellSelected: (shown: ShownDelegation | undefined) => void = () => {};

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#picture = new Picture({
      ...{screen: this.#screen, terminal: options.terminal},
      onKey: (input, key) => this.#press(input, key),
      onFault: (error) => this.#left.resolve(error),
    });
  }

  /** Called with the delegation that is selected, whenever that may be another. */
  onSelected(tell: (shown: ShownDelegation | undefined) => void): void {
    this.#tellSelected = tell;
  }

  /** The delegations are others than before. */
  know(state: ViewState): void {
    this.store.set(state);
    this.#tellSelected(selectedIn(state));
  }

  /** Says something in the line for that, until the next key. */
  say(status: Remark): void {
    this.store.set({...this.store.state, status});
  }

  /** Resolves when the person has left, or the signal aborts; the terminal is then as it was. Rejects with a fault. */
  async run(signal: AbortSignal): Promise<void> {
    const restore = () => this.#picture.close();
    const forgetEnd = giveBackAtEnd(restore);
    const onResize = () => {
      this.#screen.forget();
      this.store.draw();
    };
    const leave = () => this.#left.resolve(undefined);
    signal.addEventListener('abort', leave);
    process.stdout.on('resize', onResize);
    // Where nobody else listens for a signal all the time, what ink brings along ends the process with it.
    for (const name of SIGNALS) process.on(name, leave);
    // A terminal that has gone away takes nothing any more.
    for (const stream of [process.stdin, process.stdout]) stream.on('error', leave);
    process.stdin.once('end', leave);
    void this.#options.here().then((project) => {
      this.#here = project;
    }, leave);
    try {
      this.store.draw();
      const fault = await this.#left.promise;
      if (fault !== undefined) throw fault;
    } finally {
      restore();
      forgetEnd();
      process.stdout.off('resize', onResize);
      for (const name of SIGNALS) process.off(name, leave);
      this.store.close();
      process.stdin.pause();
    }
  }

  #press(input: string, told: ToldKey): void {
    const stroke = strokeOf(input, told);
    if (stroke === undefined) return;
    const before = this.store.state;
    const {state, effect} = pressed(before, stroke, roomOf(before, this.#picture.area(), this.#here));
    this.store.setNow(state);
    this.#tellSelected(selectedIn(state));
    if (effect !== undefined) void this.#do(effect);
  }

  /** Never rejects: what fails is said. */
  async #do(effect: Effect): Promise<void> {
    try {
      await this.#act(effect);
    } catch (error) {
      this.say({text: messageOf(error), look: 'bad'});
    }
  }

  async #act(effect: Effect): Promise<void> {
    const {hello, main} = this.#options;
    switch (effect.does) {
      case 'leave':
        return this.#left.resolve(undefined);
      case 'copy':
        this.#screen.copy(effect.text);
        return this.say({
          text: `${effect.text} is in the clipboard, if your terminal lets it.`,
          look: 'good',
        });
      case 'reply':
        return this.say({text: await replyAtHost(effect, {hello, main}), look: 'good'});
      case 'message':
        return this.say({text: await tellAtHost(effect.to, effect.message, {hello, main}), look: 'good'});
      case 'cancel':
        return this.say({text: await cancelAtHost(effect.to, {hello, main}), look: 'good'});
      case 'change':
        return this.#showChange(effect.to);
      case 'open':
        return this.#open(effect.to);
    }
  }

  async #showChange(to: {readonly project: string; readonly id: string}): Promise<void> {
    this.say({text: 'Looking…', look: 'faint'});
    const {out, code, problem} = await ownCommand(['diff', to.id], this.#commandFor(to));
    if (code !== 0 && out.trim() === '') throw new Error(problem || 'The change cannot be shown.');
    const text = out.trim() === '' ? 'Nothing was changed.' : out;
    this.store.setNow({...this.store.state, status: undefined, shown: {is: 'change', text, from: 0}});
  }

  /** OpenCode has the terminal until the person leaves it. */
  async #open(to: {readonly project: string; readonly id: string}): Promise<void> {
    this.#isAway = true;
    this.#picture.close();
    try {
      const {code, problem} = await ownCommandAtTerminal(['open', to.id], this.#commandFor(to));
      if (code !== 0) throw new Error(problem || `It could not be opened (exit code ${code}).`);
    } finally {
      this.#isAway = false;
      this.store.draw();
    }
  }

  #commandFor(to: {readonly project: string; readonly id: string}) {
    const shown = this.store.state.all.find((one) => delegationKey(one) === delegationKey(to));
    const {hello, main} = this.#options;
    return {hello, main, directory: shown?.directory ?? hello.cwd};
  }
}
