import {messageOf} from '../../base/errors.ts';
import {asksOf} from '../../delegation/model/delegation.ts';
import type {Delivery} from '../../delegation/model/message.ts';
import {type FromOwner, type FromWorker, LETTERS_VERSION} from '../mail/letters.ts';
import type {Own, OwnService} from './own-service.ts';

const v = LETTERS_VERSION;

export interface OrdersOptions extends Pick<OwnService, 'delegations'> {
  readonly own: Own;
  readonly post: (letter: FromWorker) => void;
  /** Told which number of the service's own a message of the owner's has. */
  readonly told: (own: number, owners: number) => void;
  readonly showConversation: () => void;
}

/** Carries out what the owner of a job writes while it is at work, each once. */
export class Orders {
  readonly #options: OrdersOptions;
  readonly #seen = new Set<string>();

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async carryOut(letter: FromOwner): Promise<void> {
    const {delegations, own, showConversation} = this.#options;
    switch (letter.is) {
      case 'cancel':
        await delegations.cancel(own.project, own.id).catch(() => {});
        return;
      case 'show conversation':
        showConversation();
        return;
      case 'reply':
        await this.#once(letter.call, () => this.#reply(letter));
        return;
      case 'tell':
        await this.#once(letter.call, () => this.#tell(letter));
    }
  }

  async #once(call: string, action: () => Promise<{delivery?: Delivery}>): Promise<void> {
    // A letter that comes twice was not written twice.
    if (this.#seen.has(call)) return;
    this.#seen.add(call);
    const answer = await action().catch((error: unknown) => ({error: messageOf(error)}));
    this.#options.post({v, is: 'done', call, ...answer});
  }

  async #reply({ask, reply}: Extract<FromOwner, {is: 'reply'}>): Promise<{delivery?: Delivery}> {
    const {delegations, own} = this.#options;
    const number = Number(ask);
    if (!reply.allow) {
      await delegations.reply(own.project, own.id, {decision: 'deny', number, message: reply.message});
      return {};
    }
    const view = delegations.view(own.project, own.id);
    const open = view && asksOf(view.delegation).find((one) => one.number === number);
    const lines = reply.answers.map((answers) => answers.join(', ')).join('\n');
    await delegations.reply(own.project, own.id, {
      ...{decision: 'allow', number},
      ...(open?.kind === 'question' && {message: lines}),
    });
    return {};
  }

  async #tell({message}: Extract<FromOwner, {is: 'tell'}>): Promise<{delivery: Delivery}> {
    const {delegations, own, told} = this.#options;
    const taken = await delegations.tell(own.project, own.id, message.text);
    told(taken.message.number, message.number);
    return {delivery: taken.delivery};
  }
}
