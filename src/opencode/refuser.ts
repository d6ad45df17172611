import type {OpencodeClient, PermissionRequest, QuestionRequest} from '@opencode-ai/sdk/v2/client';
import {messageOf, shorten} from '../delegation/errors.ts';
import type {Logger} from '../log.ts';
import {dataOf, done} from './answer.ts';

/** With a message the agent goes on; without one its turn would end. */
const MESSAGE =
  'This is a background session: nobody is there to allow this. Go on without it, and say in your answer what you could not do because of it.';

const SHOWN_CHARS = 200;

/** Who is told what was refused. */
export interface RefusalListener {
  refused(what: string): void;
}

interface Asker {
  /** Requests are kept by directory; a reply without it would be taken and lost. */
  readonly directory: string;
  /** Absent when nobody listens to the session that asks. */
  readonly listener: RefusalListener | undefined;
}

/** Answers every permission request and question at once, so that no background session can wait for ever. */
export class Refuser {
  readonly #client: OpencodeClient;
  readonly #log: Logger;
  /** Requests that are answered or being answered: after a gap the same one may be seen again. */
  readonly #seen = new Set<string>();

  constructor(client: OpencodeClient, log: Logger) {
    this.#client = client;
    this.#log = log;
  }

  permission(request: PermissionRequest, {directory, listener}: Asker): void {
    this.#once(request.id, async () => {
      const what = [request.permission, request.patterns.join(', ')].filter((word) => word !== '').join(': ');
      listener?.refused(`permission ${shorten(what, SHOWN_CHARS)}`);
      await done(
        this.#client.permission.reply({requestID: request.id, directory, reply: 'reject', message: MESSAGE}),
      );
    });
  }

  question(request: QuestionRequest, {directory, listener}: Asker): void {
    this.#once(request.id, async () => {
      const asked = request.questions.map(({question}) => question).join(' / ');
      listener?.refused(`question: ${shorten(asked, SHOWN_CHARS)}`);
      await done(this.#client.question.reject({requestID: request.id, directory}));
    });
  }

  /** Answers what was asked while no events came. */
  async catchUp(
    directory: string,
    listenerOf: (sessionId: string) => RefusalListener | undefined,
  ): Promise<void> {
    try {
      for (const request of await dataOf(this.#client.permission.list({directory}))) {
        this.permission(request, {directory, listener: listenerOf(request.sessionID)});
      }
      for (const request of await dataOf(this.#client.question.list({directory}))) {
        this.question(request, {directory, listener: listenerOf(request.sessionID)});
      }
    } catch (error) {
      this.#log.warn(`pending permission requests could not be listed: ${messageOf(error)}`);
    }
  }

  #once(id: string, answer: () => Promise<void>): void {
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    answer().catch((error: unknown) => {
      this.#seen.delete(id);
      this.#log.warn(`a request of a background session could not be answered: ${messageOf(error)}`);
    });
  }
}
