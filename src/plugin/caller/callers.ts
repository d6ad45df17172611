import type {Stamp} from '../../contract/stamp.ts';
import type {Answering, UserOpenCode} from '../opencode/user-opencode.ts';

/**
 * Who calls from which session. Events have told it as a rule: on a busy machine, asking OpenCode can take longer
 * than a hook is waited for. What they have not told is asked for.
 */
export class Callers {
  readonly #opencode: UserOpenCode;
  /** The model's message that each session is at. */
  readonly #messages = new Map<string, Answering>();
  /** Whether each session was opened by another one. */
  readonly #isChild = new Map<string, boolean>();

  constructor(opencode: UserOpenCode) {
    this.#opencode = opencode;
  }

  answering(session: string, message: Answering): void {
    this.#messages.set(session, message);
  }

  changed(session: string, isChild: boolean): void {
    this.#isChild.set(session, isChild);
  }

  forget(session: string): void {
    this.#messages.delete(session);
    this.#isChild.delete(session);
  }

  /** As it is written into the arguments of a call that delegates. @throws when OpenCode was asked and refused. */
  async stamp(session: string): Promise<Stamp> {
    const [isChild, message] = await Promise.all([
      this.#isChild.get(session) ?? this.#opencode.isChild(session),
      this.#messages.get(session) ?? this.#opencode.currentMessage(session),
    ]);
    const caller = {...callerIn(session), isChild};
    if (message === undefined) return caller;
    const {id, agent, model, variant} = message;
    return {
      ...caller,
      message: id,
      ...(agent !== undefined && {agent}),
      ...(model !== undefined && {model: `${model.providerID}/${model.modelID}`}),
      ...(variant !== undefined && {variant}),
    };
  }
}

/** Who calls, as far as that is known without asking. */
export function callerIn(session: string): Stamp {
  return {session, pid: process.pid, isChild: false};
}
