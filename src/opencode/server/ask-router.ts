import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {messageOf} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import type {AskContent} from '../../delegation/model/ask.ts';
import type {AskReply} from '../../delegation/model/run.ts';
import {dataOf, done} from '../wire/answer.ts';
import {askOfPermission, askOfQuestion, type OpenCodeAsk} from '../wire/asked.ts';

/** Of a session that no delegation is known to have opened. */
const NOBODY = 'Nobody is there to answer this.';

/** Who hears what a session and those below it ask. */
export interface AskListener {
  asked(id: string, content: AskContent): void;
  withdrawn(id: string): void;
}

export interface AskRouterOptions {
  readonly client: OpencodeClient;
  readonly log: Logger;
  /** Who listens to a session, or to one above it. */
  readonly listenerOf: (sessionId: string) => Promise<AskListener | undefined>;
}

interface OpenAsk {
  readonly ask: OpenCodeAsk;
  /** Set when it is denied but OpenCode has not been told yet. */
  denial?: string;
}

/**
 * Hands every permission request and question of the server to the one who listens to its session, and brings the
 * answers back. What nobody listens to is denied at once: no background session can wait for ever.
 *
 * Always once: OpenCode's "always" would go for every other session too. And a denial is held back while the same
 * session has other permission requests open, because with it OpenCode denies them all.
 */
export class AskRouter {
  readonly #options: AskRouterOptions;
  readonly #open = new Map<string, OpenAsk>();

  constructor(options: AskRouterOptions) {
    this.#options = options;
  }

  /** Asked by an event or found in a list: after a gap the same request may be seen again. Never rejects. */
  async asked(ask: OpenCodeAsk): Promise<void> {
    if (this.#open.has(ask.id)) return;
    this.#open.set(ask.id, {ask});
    const listener = await this.#options.listenerOf(ask.sessionId);
    if (listener !== undefined) listener.asked(ask.id, ask.content);
    else await this.reply(ask.id, {allow: false, message: NOBODY}).catch(() => {});
  }

  /** What these sessions asked is of no interest any more. */
  forget(isOver: (sessionId: string) => boolean): void {
    for (const [id, {ask}] of this.#open) if (isOver(ask.sessionId)) this.#open.delete(id);
  }

  /** OpenCode says that it is answered, by us or otherwise. */
  closed(id: string): void {
    void this.#withdraw(id);
  }

  /**
   * Resolves when OpenCode has the answer, or when a denial waits for others.
   * @throws when the request is gone, or OpenCode could not be told; what it still waits on is found again.
   */
  async reply(id: string, reply: AskReply): Promise<void> {
    const open = this.#open.get(id);
    if (open === undefined) throw new Error('it is no longer asked');
    const {ask} = open;
    if (ask.content.kind === 'question') {
      const answers = reply.allow ? reply.answers : ask.content.questions.map(() => [reply.message]);
      await this.#send(id, (where) =>
        this.#options.client.question.reply({...where, answers: answers.map((chosen) => [...chosen])}),
      );
      return;
    }
    if (reply.allow) {
      await this.#send(id, (where) => this.#options.client.permission.reply({...where, reply: 'once'}));
    } else {
      open.denial = reply.message;
    }
    await this.#deny(ask.sessionId);
  }

  /** Finds what was asked, and what is no longer asked, while no events came. Never rejects. */
  async catchUp(directory: string): Promise<void> {
    const {client, log} = this.#options;
    const known = [...this.#open.values()].filter(({ask}) => ask.directory === directory);
    try {
      const [permissions, questions] = await Promise.all([
        dataOf(client.permission.list({directory})),
        dataOf(client.question.list({directory})),
      ]);
      const pending = [
        ...permissions.map((request) => askOfPermission(request, directory)),
        ...questions.map((request) => askOfQuestion(request, directory)),
      ];
      const ids = new Set(pending.map(({id}) => id));
      for (const {ask} of known) if (!ids.has(ask.id)) await this.#withdraw(ask.id);
      for (const ask of pending) await this.asked(ask);
    } catch (error) {
      log.warn(`pending permission requests could not be listed: ${messageOf(error)}`);
    }
  }

  /** Sends the denials of a session once nothing else in it is undecided. One message goes for all. */
  async #deny(sessionId: string): Promise<void> {
    const permissions = [...this.#open.values()].filter(
      ({ask}) => ask.sessionId === sessionId && ask.content.kind === 'permission',
    );
    const denials = permissions.flatMap(({denial}) => (denial === undefined ? [] : [denial]));
    const [first] = permissions;
    if (first === undefined || denials.length < permissions.length) return;
    const message = [...new Set(denials)].join(' ');
    for (const {ask} of permissions.slice(1)) this.#open.delete(ask.id);
    await this.#send(first.ask.id, (where) =>
      this.#options.client.permission.reply({...where, reply: 'reject', message}),
    );
  }

  async #send(
    id: string,
    call: (where: {requestID: string; directory: string}) => Parameters<typeof done>[0],
  ): Promise<void> {
    const directory = this.#open.get(id)?.ask.directory;
    if (directory === undefined) return;
    // Before the call, as the event that it is answered may be here before its response.
    this.#open.delete(id);
    try {
      await done(call({requestID: id, directory}));
    } catch (error) {
      this.#options.log.warn(`a request of a background session was not answered: ${messageOf(error)}`);
      throw error;
    }
  }

  async #withdraw(id: string): Promise<void> {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    const listener = await this.#options.listenerOf(open.ask.sessionId);
    listener?.withdrawn(id);
    await this.#deny(open.ask.sessionId).catch(() => {});
  }
}
