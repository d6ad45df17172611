/**
 * How people's tools (the commands, the live view, OpenCode's sidebar) talk to a host, on the socket that MCP clients use
 * as well. docs/control.md describes it for people.
 *
 * A connection opens with a hello that says `control`, the version that the tool speaks. The host answers `welcome`, or
 * `refused` with words. After that each line is a JSON object: the tool sends requests, each with an id of its choice;
 * the host answers each with that id. A request has one answer, except those that follow something: they have any number
 * of answers, the last of which says `done`. What a tool does not know it leaves alone: a later version may add keys.
 */
import * as z from 'zod';
import {said} from '../contract/said.ts';
import {ACCESSES} from '../delegation/model/access.ts';
import {PLACES} from '../delegation/model/elsewhere.ts';
import {DELIVERIES} from '../delegation/model/message.ts';
import {shownDelegation} from './shown.ts';

/** Counts up when a tool and a host of different versions would no longer understand each other. */
export const CONTROL_VERSION = 1;

const named = {project: z.string(), delegation: z.string()};

/** What a tool asks for. */
export const controlRequest = z.discriminatedUnion('op', [
  /** All delegations of the host that have no end. With `follow`, then each that changes or comes, and ends. */
  z.object({id: z.int(), op: z.literal('open'), follow: z.boolean().default(false)}),
  /** What an agent at work has said and done. With `follow`, then what comes or changes, until it has ended. */
  z.object({id: z.int(), op: z.literal('conversation'), ...named, follow: z.boolean().default(false)}),
  z.object({id: z.int(), op: z.literal('cancel'), ...named}),
  z.object({
    ...{id: z.int(), op: z.literal('reply'), ...named},
    decision: z.enum(['allow', 'deny']),
    /** To deny with, or the answer to a question. */
    message: z.string().optional(),
    /** Its number. Default: the oldest. */
    request: z.int().optional(),
  }),
  /** Tells one that waits or runs something more. */
  z.object({id: z.int(), op: z.literal('message'), ...named, message: z.string()}),
  /** Delegates, in the environment of the tool, or continues an ended delegation. */
  z.object({
    ...{id: z.int(), op: z.literal('start')},
    prompt: z.string().optional(),
    directory: z.string(),
    agent: z.string().optional(),
    model: z.string().optional(),
    access: z.enum(ACCESSES).optional(),
    where: z.enum(PLACES).optional(),
    include_changes: z.boolean().optional(),
    timeout_minutes: z.number().optional(),
    max_cost_usd: z.number().optional(),
    max_tokens: z.number().optional(),
    /** The JSON Schema that its answer has to fit. */
    expect: z.record(z.string(), z.unknown()).optional(),
    continues: z.object(named).optional(),
  }),
]);

export type ControlRequest = z.output<typeof controlRequest>;

/** One entry of a conversation, as {@link ConversationEntry}. */
const entry = z.object({
  key: z.string(),
  at: z.iso.datetime(),
  is_below: z.boolean(),
  said,
});

export type ShownEntry = z.output<typeof entry>;

/** What the host says. */
export const controlAnswer = z.object({
  id: z.int(),
  /** Of `open`: all that have no end at first, then those that have changed. An ended one comes once more, with its end. */
  delegations: z.array(shownDelegation).optional(),
  /** Of `conversation`: what is new or has changed, by its key. */
  entries: z.array(entry).optional(),
  /** Of `start`, `cancel`, `reply` and `message`: how it stands now. */
  delegation: shownDelegation.optional(),
  /** Of `cancel`: true when it had ended before. */
  was_ended: z.boolean().optional(),
  /** Of `message`: when its agent gets it, and the same as a sentence. */
  delivery: z.object({when: z.enum(DELIVERIES), words: z.string()}).optional(),
  /** Why the request was refused, in words for people. */
  error: z.string().optional(),
  /** No more answers to this request will come. */
  done: z.boolean(),
});

export type ControlAnswer = z.output<typeof controlAnswer>;
