import * as z from 'zod';
import {said} from '../../contract/said.ts';
import {LIMITS} from '../../delegation/model/ceiling.ts';
import {OUTCOMES, SESSION_ID} from '../../delegation/model/delegation.ts';
import {DELIVERIES} from '../../delegation/model/message.ts';
import {WORKTREE_BRANCH} from '../../delegation/model/worktree.ts';
import {travelSchema} from '../travel/travel.ts';

/**
 * What owner and worker write to each other, before it is sealed. A later version may add keys, which an earlier one
 * leaves alone. Where that is not enough, the version counts up, and what has a higher one is refused in words.
 */
export const LETTERS_VERSION = 1;

const usage = z.object({
  input: z.number(),
  output: z.number(),
  reasoning: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
  cost: z.number(),
});

const activity = z.object({
  toolCalls: z.int(),
  last: z.string(),
  at: z.number(),
  usage: usage.exactOptional(),
  isClosing: z.boolean().exactOptional(),
});

const work = z.object({
  usage,
  toolCalls: z.int(),
  filesChanged: z.array(z.string()),
  refused: z.array(z.string()),
  caveat: z.string().exactOptional(),
});

const product = z.object({
  text: z.string(),
  work,
  heard: z.array(z.int()).exactOptional(),
});

const content = z.discriminatedUnion('kind', [
  z.object({kind: z.literal('permission'), what: z.string(), detail: z.string()}),
  z.object({
    kind: z.literal('question'),
    what: z.string(),
    questions: z.array(
      z.object({question: z.string(), options: z.array(z.string()), isMultiple: z.boolean()}),
    ),
  }),
]);

const reply = z.discriminatedUnion('allow', [
  z.object({allow: z.literal(true), answers: z.array(z.array(z.string()))}),
  z.object({allow: z.literal(false), message: z.string()}),
]);

const entry = z.object({
  key: z.string(),
  at: z.number(),
  isBelow: z.boolean(),
  said,
});

const taken = z.object({
  worker: z.string(),
  host: z.string(),
  version: z.string(),
  opencode: z.string(),
  agent: z.string(),
  model: z.string(),
});

const commit = z.string().regex(/^[0-9a-f]{40,64}$/);
/** The bundle in a file: what arrives has to be that. */
const harvest = z.object({commit, bytes: z.int(), sha256: z.string().regex(/^[0-9a-f]{64}$/)});
const message = z.object({number: z.int(), text: z.string()});

/** The file of a job that has the commits which no remote has. */
export const LUGGAGE = 'luggage';
/** The file of a job with all of its code, for a worker that cannot fetch. */
export const WHOLE = 'whole';
/** The file of a job with the branch that has come of it. */
export const HARVEST = 'harvest';

const version = {v: z.literal(LETTERS_VERSION)};

/** The body of a job: what is to be done. */
export const workOrder = z.object({
  ...version,
  delegation: z.string(),
  project: z.string(),
  prompt: z.string(),
  title: z.string(),
  agent: z.string().exactOptional(),
  model: z.string().exactOptional(),
  access: z.literal('worktree'),
  /** What the branch is to be called that comes back. */
  branch: z.string().regex(WORKTREE_BRANCH),
  timeoutMs: z.number(),
  maxCostUsd: z.number().exactOptional(),
  maxTokens: z.number().exactOptional(),
  expect: z.string().exactOptional(),
  messages: z.array(message),
  travel: travelSchema,
  /** The machine that has delegated it, and when it was submitted; absent in orders of earlier versions. */
  from: z.object({host: z.string(), at: z.number()}).exactOptional(),
});

export type WorkOrder = z.output<typeof workOrder>;

/** What a worker tells the owner. */
export const fromWorker = z.discriminatedUnion('is', [
  z.object({...version, is: z.literal('taken'), by: taken}),
  z.object({...version, is: z.literal('session'), id: z.string().regex(SESSION_ID)}),
  z.object({...version, is: z.literal('activity'), activity}),
  z.object({...version, is: z.literal('asked'), id: z.string(), content}),
  z.object({...version, is: z.literal('withdrawn'), id: z.string()}),
  z.object({...version, is: z.literal('heard'), numbers: z.array(z.int())}),
  /** Answers the owner's letter of this call. */
  z.object({
    ...version,
    is: z.literal('done'),
    call: z.string(),
    delivery: z.enum(DELIVERIES).exactOptional(),
    error: z.string().exactOptional(),
  }),
  /** It cannot get the code, and waits for all of it to be sent. */
  z.object({...version, is: z.literal('cannot fetch'), why: z.string()}),
  z.object({...version, is: z.literal('conversation'), entries: z.array(entry)}),
  /** What there is by now, with the file that has the branch. */
  z.object({...version, is: z.literal('checkpoint'), at: z.number(), harvest, file: z.string(), product}),
  /** A result of one that has lost its lease: no end, but its text is not thrown away. */
  z.object({
    ...version,
    is: z.literal('late'),
    outcome: z.enum(OUTCOMES),
    product,
    at: z.number().exactOptional(),
  }),
]);

export type FromWorker = z.output<typeof fromWorker>;

/** What the owner tells the worker. */
export const fromOwner = z.discriminatedUnion('is', [
  z.object({...version, is: z.literal('reply'), call: z.string(), ask: z.string(), reply}),
  z.object({...version, is: z.literal('tell'), call: z.string(), message}),
  z.object({...version, is: z.literal('cancel')}),
  z.object({...version, is: z.literal('show conversation')}),
  /** All of the code is in the file of that name. */
  z.object({...version, is: z.literal('whole'), travel: travelSchema}),
  z.object({...version, is: z.literal('not whole'), why: z.string()}),
  /** Not for the worker: a machine of the owner's takes the end, by the database's clock. `isDone`: it has it. */
  z.object({
    ...version,
    is: z.literal('collect'),
    by: z.string(),
    host: z.string(),
    at: z.number(),
    isDone: z.boolean().exactOptional(),
  }),
]);

export type FromOwner = z.output<typeof fromOwner>;

/** What one of the owner's machines leaves where it has taken the end that another one waits for. */
export const collectedNote = z.object({
  ...version,
  host: z.string(),
  at: z.number(),
  /** The record there. */
  id: z.string(),
  directory: z.string(),
  outcome: z.enum(OUTCOMES),
  /** Absent where nothing was changed. */
  branch: z.string().exactOptional(),
});

export type CollectedNote = z.output<typeof collectedNote>;

/** What has come of a job. */
export const jobResult = z.object({
  ...version,
  outcome: z.enum(OUTCOMES),
  product,
  error: z.string().exactOptional(),
  atLimit: z.enum(LIMITS).exactOptional(),
  sessionId: z.string().regex(SESSION_ID).exactOptional(),
  /** By the worker's clock. */
  startedAt: z.number().exactOptional(),
  endedAt: z.number().exactOptional(),
  /** Absent where nobody has begun it. */
  by: taken.exactOptional(),
  /** Absent where nothing was changed. */
  harvest: harvest.exactOptional(),
  /** What is not in the commit: whole sentences. */
  notes: z.array(z.string()),
  conversation: z.array(entry).exactOptional(),
});

export type JobResult = z.output<typeof jobResult>;
