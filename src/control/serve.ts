import type {Readable, Writable} from 'node:stream';
import {messageOf, Refusal} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {NAME} from '../base/name.ts';
import type {Delegations} from '../delegation/delegations.ts';
import type {Environment} from '../delegation/model/ports.ts';
import {renderDelivery} from '../report/delivery.ts';
import {followConversation, followOpen} from './follow.ts';
import {type ControlAnswer, type ControlRequest, controlRequest} from './protocol.ts';
import {shownOf} from './shown.ts';

export interface ControlOptions {
  readonly delegations: Delegations;
  /** The environment of the tool, which what it delegates runs in. @throws Refusal for settings that cannot be used. */
  readonly environment: () => Environment;
  readonly projectOf: (directory: string) => Promise<string>;
  readonly version: string;
  readonly input: Readable;
  readonly output: Writable;
  readonly log: Logger;
}

type Send = (answer: Omit<ControlAnswer, 'id' | 'done'>, done?: boolean) => void;

/** Default of a delegation that a person starts, as of one that a model does. */
const TIMEOUT_MINUTES = 15;
/** How a person's own tool names itself as a client. */
const CLIENT_NAME = NAME;

/** Serves one of people's tools until its input ends. */
export class ControlConnection {
  readonly #options: ControlOptions;
  readonly #closed = new AbortController();
  #rest = '';

  constructor(options: ControlOptions) {
    this.#options = options;
    const {input} = options;
    input.setEncoding('utf8');
    input.on('data', (chunk: string) => this.#read(chunk));
    input.once('close', () => void this.close());
  }

  /** Ends what it follows. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort();
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') void this.#answer(line);
  }

  /** Never rejects. */
  async #answer(line: string): Promise<void> {
    const request = parse(line);
    const send: Send = (answer, done = true) => this.#write({id: request.id, ...answer, done});
    if ('problem' in request) return send({error: request.problem});
    try {
      await this.#serve(request, send);
    } catch (error) {
      if (!(error instanceof Refusal)) this.#options.log.error(`${request.op}: ${messageOf(error)}`);
      send({error: messageOf(error)});
    }
  }

  async #serve(request: ControlRequest, send: Send): Promise<void> {
    const {delegations} = this.#options;
    const {signal} = this.#closed;
    switch (request.op) {
      case 'open':
        return followOpen(delegations, {...request, signal, send});
      case 'conversation':
        return followConversation(delegations, {...request, signal, send});
      case 'cancel': {
        const {delegation, wasEnded} = await delegations.cancel(request.project, request.delegation);
        return send({delegation: shownOf({delegation}, Date.now()), was_ended: wasEnded});
      }
      case 'reply': {
        const {decision, message, request: number} = request;
        const {delegation} = await delegations.reply(request.project, request.delegation, {
          decision,
          ...(message !== undefined && {message}),
          ...(number !== undefined && {number}),
        });
        return send({delegation: shownOf({delegation}, Date.now())});
      }
      case 'message': {
        const {delegation, delivery} = await delegations.tell(
          request.project,
          request.delegation,
          request.message,
        );
        return send({
          delegation: shownOf({delegation}, Date.now()),
          delivery: {when: delivery, words: renderDelivery(delivery)},
        });
      }
      case 'start':
        return send({delegation: await this.#start(request)});
    }
  }

  async #start(request: Extract<ControlRequest, {op: 'start'}>) {
    const {delegations, environment, projectOf, version} = this.#options;
    const {prompt, agent, model, access, directory, continues, expect, where} = request;
    const {include_changes: includeChanges} = request;
    const given = {
      environment: environment(),
      client: {name: CLIENT_NAME, version},
      timeoutMinutes: request.timeout_minutes ?? TIMEOUT_MINUTES,
      ...(request.max_cost_usd !== undefined && {maxCostUsd: request.max_cost_usd}),
      ...(request.max_tokens !== undefined && {maxTokens: request.max_tokens}),
      ...(agent !== undefined && {agent}),
      ...(model !== undefined && {model}),
      ...(access !== undefined && {access}),
      ...(where !== undefined && {where}),
      ...(includeChanges !== undefined && {includeChanges}),
      ...(expect !== undefined && {expect}),
    };
    const view = await (continues === undefined
      ? delegations.delegate({...given, project: await projectOf(directory), directory, prompt: prompt ?? ''})
      : delegations.continue({
          ...given,
          project: continues.project,
          id: continues.delegation,
          ...(prompt !== undefined && {prompt}),
        }));
    return shownOf(view, Date.now());
  }

  #write(answer: ControlAnswer): void {
    if (!this.#closed.signal.aborted) this.#options.output.write(`${JSON.stringify(answer)}\n`);
  }
}

function parse(line: string): ControlRequest | {readonly id: number; readonly problem: string} {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return {id: 0, problem: 'The line is no JSON. Each request is one JSON object on one line.'};
  }
  const request = controlRequest.safeParse(value);
  if (request.success) return request.data;
  const id = typeof value === 'object' && value !== null && 'id' in value ? Number(value.id) : Number.NaN;
  const [issue] = request.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  return {id: Number.isInteger(id) ? id : 0, problem: `Not a request: ${where}${issue?.message ?? ''}.`};
}
