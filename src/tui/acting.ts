import {Refusal} from '../base/errors.ts';
import {atHost, tellAt} from '../cli/sources/acting.ts';
import type {ControlClient, ControlHello} from '../cli/sources/control-client.ts';
import type {RecordsOnDisk} from '../cli/sources/records.ts';
import {wholeRecord} from '../cli/sources/survey.ts';
import type {ShownDelegation} from '../control/shown.ts';

export interface ScreenActingOptions {
  readonly hello: ControlHello;
  readonly records: RecordsOnDisk;
  /** The bin beside the plugin. */
  readonly main: string;
  /** Where Node is; OpenCode is no Node. */
  readonly node: string | undefined;
}

export interface PersonAnswer {
  readonly decision: 'allow' | 'deny';
  readonly message?: string;
  /** The number of the request that the person has seen. */
  readonly request: number;
}

/** What a person does to a delegation from the screen. All throw a {@link Refusal} with words for them. */
export class Acting {
  readonly #options: ScreenActingOptions;

  constructor(options: ScreenActingOptions) {
    this.#options = options;
  }

  /** Resolves with how it stands now. */
  async cancel({project, id}: ShownDelegation): Promise<ShownDelegation | undefined> {
    return this.#atHost(async (host) => {
      const {delegation} = await host.ask({op: 'cancel', project, delegation: id});
      return delegation;
    });
  }

  async reply({project, id}: ShownDelegation, decision: PersonAnswer): Promise<ShownDelegation | undefined> {
    return this.#atHost(async (host) => {
      const {delegation} = await host.ask({op: 'reply', project, delegation: id, ...decision});
      return delegation;
    });
  }

  /** Resolves with when its agent gets it, as a sentence. */
  async tell(named: ShownDelegation, message: string): Promise<string> {
    return this.#atHost((host) => tellAt(host, named, message));
  }

  /** What it answered; empty where it has not. */
  async textOf(named: ShownDelegation): Promise<string> {
    return (await wholeRecord(named, this.#options.records)).text;
  }

  /** At the host of this data folder, which is started where there is none. */
  async #atHost<T>(act: (host: ControlClient) => Promise<T>): Promise<T> {
    const {hello, main, node} = this.#options;
    if (node === undefined) throw new Refusal('Node was not found on PATH.');
    return atHost({...hello, main, node}, act);
  }
}
