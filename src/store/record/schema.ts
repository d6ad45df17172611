import {isAbsolute} from 'node:path';
import * as z from 'zod';
import {ACCESSES, DEFAULT_ACCESS} from '../../delegation/model/access.ts';
import {RULINGS} from '../../delegation/model/ask.ts';
import {LIMITS} from '../../delegation/model/ceiling.ts';
import {OUTCOMES, SESSION_ID} from '../../delegation/model/delegation.ts';
import {THREE_WORDS} from '../../delegation/model/id.ts';
import {WORKTREE_BRANCH} from '../../delegation/model/worktree.ts';

/** A time in front matter: ISO 8601 in the file, milliseconds since the epoch in the record. */
const time = z.iso.datetime({offset: true}).transform((text) => Date.parse(text));

const request = {number: z.int(), what: z.string(), asked: time.optional(), until: time};
const question = z.object({
  question: z.string(),
  options: z.array(z.string()),
  multiple: z.boolean().default(false),
});

/** The front matter of what a running delegation waits on. */
const asks = z.array(
  z.discriminatedUnion('kind', [
    z.object({kind: z.literal('permission'), ...request, detail: z.string()}),
    z.object({kind: z.literal('question'), ...request, questions: z.array(question)}),
  ]),
);

/** The front matter of what became of requests. */
const decisions = z.array(
  z.object({
    number: z.int(),
    what: z.string(),
    verdict: z.enum(RULINGS),
    message: z.string().optional(),
    at: time,
  }),
);

/** The front matter of what a delegation was told, in the order of its numbers. */
const messages = z.array(z.object({text: z.string(), at: time, read: time.optional()}));

/** Git takes what begins with a dash for an option, and people are given commands with these in them. */
const commit = z.string().regex(/^[0-9a-f]{6,64}$/);
const path = z.string().refine(isAbsolute, 'must be an absolute path');

/** A worktree as the front matter of a record has it. */
const worktreeMatter = z.object({
  checkout: path,
  path,
  directory: path,
  branch: z.string().regex(WORKTREE_BRANCH),
  base: commit,
  common_dir: path.optional(),
  git_dir: path.optional(),
  since: commit.optional(),
  outcome: z.enum(['removed', 'kept']).optional(),
  commit: commit.optional(),
  diffstat: z.string().default(''),
  notes: z.array(z.string()).default([]),
});

const usage = z.object({
  input: z.number(),
  output: z.number(),
  reasoning: z.number(),
  cache_read: z.number(),
  cache_write: z.number(),
  cost_usd: z.number(),
});

/** What becomes the name of a file, or a path, is one: a record may be anybody's. */
const id = z.string().regex(THREE_WORDS);
const session = z.string().regex(SESSION_ID);

const common = {
  id,
  title: z.string(),
  summary: z.string(),
  agent: z.string(),
  model: z.string(),
  directory: z.string().refine(isAbsolute, 'must be an absolute path'),
  access: z.enum(ACCESSES).default(DEFAULT_ACCESS),
  where: z
    .object({
      is: z.enum(['pool']),
      worker: z.string().optional(),
      host: z.string().optional(),
      version: z.string().optional(),
      opencode: z.string().optional(),
    })
    .optional(),
  worktree: worktreeMatter.optional(),
  also_changed: z.array(z.object({file: z.string(), by: z.string()})).optional(),
  client: z.object({name: z.string(), version: z.string()}),
  owner: z.object({
    pid: z.int(),
    hostname: z.string(),
    ...{boot: z.string().optional(), space: z.string().optional(), started: z.int().optional()},
    environment: z.string().default(''),
    sessions: z.string().optional(),
  }),
  parent: z
    .object({
      session,
      pid: z.int(),
      message: z.string().optional(),
      agent: z.string().optional(),
      model: z.string().optional(),
      variant: z.string().optional(),
    })
    .optional(),
  task: z.literal(true).optional(),
  trusted: z.string().optional(),
  created: time,
  timeout_minutes: z.number(),
  max_cost_usd: z.number().optional(),
  max_tokens: z.number().optional(),
  model_name: z.string().optional(),
  passed_over: z.array(z.object({model: z.string(), why: z.string()})).optional(),
  continues: z.object({id, session}).optional(),
  notes: z.array(z.string()).optional(),
  decisions: decisions.optional(),
  messages: messages.optional(),
  expect: z.string().optional(),
  repair: z.object({session, why: z.string()}).optional(),
  /** How many UTF-16 units of the body are the prompt: no mark in the text could say where it ends. */
  prompt_chars: z.int().min(0),
};

/** The front matter. Keys that are not known here (a newer version's, a person's) are left aside. */
export const frontMatter = z.discriminatedUnion('status', [
  z.object({status: z.literal('registered'), ...common}),
  z.object({
    status: z.literal('queued'),
    ...common,
    ...{session: session.optional(), usage: usage.optional()},
  }),
  z.object({
    status: z.literal('running'),
    ...common,
    started: time,
    session: session.optional(),
    usage: usage.optional(),
    asks: asks.optional(),
  }),
  z.object({
    status: z.enum(OUTCOMES),
    ...common,
    started: time.optional(),
    ended: time,
    read: time.optional(),
    session: session.optional(),
    usage,
    tool_calls: z.int(),
    files_changed: z.array(z.string()),
    refused: z.array(z.string()),
    caveat: z.string().optional(),
    error: z.string().optional(),
    at_limit: z.enum(LIMITS).optional(),
  }),
]);

/** As it is read: times are numbers, and what was left out has its default. */
export type FrontMatter = z.output<typeof frontMatter>;
/** As it is written. */
export type WrittenMatter = z.input<typeof frontMatter>;

export type UsageMatter = z.output<typeof usage>;
export type AsksMatter = z.output<typeof asks>;
export type WrittenAsks = z.input<typeof asks>;
export type DecisionsMatter = z.output<typeof decisions>;
export type WrittenDecisions = z.input<typeof decisions>;
export type MessagesMatter = z.output<typeof messages>;
export type WrittenMessages = z.input<typeof messages>;
export type WorktreeMatter = z.output<typeof worktreeMatter>;
export type WrittenWorktree = z.input<typeof worktreeMatter>;
