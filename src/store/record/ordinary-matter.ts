import {isAbsolute} from 'node:path';
import {ACCESSES, DEFAULT_ACCESS} from '../../delegation/model/access.ts';
import {LIMITS} from '../../delegation/model/ceiling.ts';
import {OUTCOMES, SESSION_ID} from '../../delegation/model/delegation.ts';
import {THREE_WORDS} from '../../delegation/model/id.ts';
import type {FrontMatter} from './schema.ts';
import {ifSimple, notSimple, scalarOf} from './simple-yaml.ts';

/** A time on a day that every month has. */
const TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/**
 * Reads the front matter that all but a few records have: of a delegation that has ended, with no worktree and no
 * decisions, as it was written. What it returns is what the schema makes of it; it is `undefined` for all else.
 * Most of the time that a project's first list takes is spent here.
 */
export function ordinaryMatter(yaml: string): FrontMatter | undefined {
  return ifSimple(yaml, () => matterIn(new Lines(yaml)));
}

function matterIn(lines: Lines): FrontMatter {
  const [id, status] = [lines.name(THREE_WORDS, 'id: '), oneOf(OUTCOMES, lines.text('status: '))];
  const [title, summary] = [lines.text('title: '), lines.text('summary: ')];
  const {agent, model, directory, access, client, owner} = circumstancesIn(lines);
  const parent = lines.has('parent:\n') ? parentIn(lines) : undefined;
  const task = lines.has('task: true\n') ? taskIn(lines) : undefined;
  const [created, timeout] = [lines.time('created: '), lines.number('timeout_minutes: ')];
  const maxCost = lines.has('max_cost_usd: ') ? lines.number('max_cost_usd: ') : undefined;
  const maxTokens = lines.has('max_tokens: ') ? lines.number('max_tokens: ') : undefined;
  const modelName = lines.textIfAny('model_name: ');
  const continues = lines.has('continues:\n') ? continuesIn(lines) : undefined;
  const notes = lines.has('notes:\n') ? lines.texts('notes:') : undefined;
  const chars = lines.int('prompt_chars: ');
  const started = lines.has('started: ') ? lines.time('started: ') : undefined;
  const ended = lines.time('ended: ');
  const read = lines.has('read: ') ? lines.time('read: ') : undefined;
  const session = lines.has('session: ') ? lines.name(SESSION_ID, 'session: ') : undefined;
  const usage = usageIn(lines);
  const tools = lines.int('tool_calls: ');
  const [changed, refused] = [lines.texts('files_changed:'), lines.texts('refused:')];
  const [caveat, error] = [lines.textIfAny('caveat: '), lines.textIfAny('error: ')];
  const limit = lines.has('at_limit: ') ? oneOf(LIMITS, lines.text('at_limit: ')) : undefined;
  if (!lines.isAtEnd) notSimple();
  return {
    id,
    status,
    title,
    summary,
    agent,
    model,
    directory,
    access,
    client,
    owner,
    parent,
    task,
    created,
    timeout_minutes: timeout,
    max_cost_usd: maxCost,
    max_tokens: maxTokens,
    model_name: modelName,
    continues,
    notes,
    prompt_chars: chars,
    started,
    ended,
    read,
    session,
    usage,
    tool_calls: tools,
    files_changed: changed,
    refused,
    caveat,
    error,
    at_limit: limit,
  };
}

type Circumstances = Pick<FrontMatter, 'agent' | 'model' | 'directory' | 'access' | 'client' | 'owner'>;

/** Those of the record before: most records of a project have the same lines here, to the letter. */
let before: {readonly lines: string; readonly circumstances: Circumstances} | undefined;

function circumstancesIn(lines: Lines): Circumstances {
  if (before !== undefined && lines.pass(before.lines)) return before.circumstances;
  const from = lines.at;
  const circumstances = readCircumstances(lines);
  before = {lines: lines.since(from), circumstances};
  return circumstances;
}

function readCircumstances(lines: Lines): Circumstances {
  const [agent, model, directory] = [lines.text('agent: '), lines.text('model: '), lines.text('directory: ')];
  if (!isAbsolute(directory)) notSimple();
  const access = lines.has('access: ') ? oneOf(ACCESSES, lines.text('access: ')) : DEFAULT_ACCESS;
  lines.heading('client:');
  const client = {name: lines.text('  name: '), version: lines.text('  version: ')};
  lines.heading('owner:');
  const owner = {
    pid: lines.int('  pid: '),
    hostname: lines.text('  hostname: '),
    // Earlier versions had none of these.
    boot: lines.textIfAny('  boot: '),
    space: lines.textIfAny('  space: '),
    started: lines.has('  started: ') ? lines.int('  started: ') : undefined,
    environment: lines.textIfAny('  environment: ') ?? '',
    sessions: lines.textIfAny('  sessions: '),
  };
  return {agent, model, directory, access, client, owner};
}

function parentIn(lines: Lines): FrontMatter['parent'] {
  lines.heading('parent:');
  return {
    session: lines.name(SESSION_ID, '  session: '),
    pid: lines.int('  pid: '),
    message: lines.textIfAny('  message: '),
    agent: lines.textIfAny('  agent: '),
    model: lines.textIfAny('  model: '),
    variant: lines.textIfAny('  variant: '),
  };
}

function taskIn(lines: Lines): true {
  lines.heading('task: true');
  return true;
}

function continuesIn(lines: Lines): FrontMatter['continues'] {
  lines.heading('continues:');
  return {id: lines.name(THREE_WORDS, '  id: '), session: lines.name(SESSION_ID, '  session: ')};
}

function usageIn(lines: Lines) {
  lines.heading('usage:');
  return {
    input: lines.number('  input: '),
    output: lines.number('  output: '),
    reasoning: lines.number('  reasoning: '),
    cache_read: lines.number('  cache_read: '),
    cache_write: lines.number('  cache_write: '),
    cost_usd: lines.number('  cost_usd: '),
  };
}

function oneOf<T extends string>(known: readonly T[], text: string): T {
  return known.find((one) => one === text) ?? notSimple();
}

/** Takes one line after the other, each of which has to be the one that is expected. */
class Lines {
  readonly #yaml: string;
  #at = 0;

  constructor(yaml: string) {
    this.#yaml = yaml;
  }

  get at(): number {
    return this.#at;
  }

  /** What was taken since then. */
  since(at: number): string {
    return this.#yaml.slice(at, this.#at);
  }

  /** Takes these lines where they come next; false, having taken none, where they do not. */
  pass(lines: string): boolean {
    if (!this.has(lines)) return false;
    this.#at += lines.length;
    return true;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#yaml.length;
  }

  has(beginning: string): boolean {
    return this.#yaml.startsWith(beginning, this.#at);
  }

  heading(line: string): void {
    if (this.#rest(line) !== '') notSimple();
  }

  text(beginning: string): string {
    const value = scalarOf(this.#rest(beginning));
    return typeof value === 'string' ? value : notSimple();
  }

  /** What becomes the name of a file. */
  name(form: RegExp, beginning: string): string {
    const text = this.text(beginning);
    return form.test(text) ? text : notSimple();
  }

  textIfAny(beginning: string): string | undefined {
    return this.has(beginning) ? this.text(beginning) : undefined;
  }

  number(beginning: string): number {
    const value = scalarOf(this.#rest(beginning));
    return typeof value === 'number' && Number.isFinite(value) ? value : notSimple();
  }

  /** At least 0. */
  int(beginning: string): number {
    const value = this.number(beginning);
    return Number.isSafeInteger(value) ? value : notSimple();
  }

  time(beginning: string): number {
    const text = this.#rest(beginning);
    const time = Date.parse(text);
    // Only what would be written so is a day that there is.
    if (!TIME.test(text) && (Number.isNaN(time) || new Date(time).toISOString() !== text)) notSimple();
    return time;
  }

  texts(heading: string): string[] {
    const rest = this.#rest(heading);
    if (rest === ' []') return [];
    if (rest !== '' || !this.has('  - ')) notSimple();
    const texts: string[] = [];
    while (this.has('  - ')) texts.push(this.text('  - '));
    return texts;
  }

  /** What follows in the line. */
  #rest(beginning: string): string {
    if (!this.has(beginning)) notSimple();
    const from = this.#at + beginning.length;
    const end = this.#yaml.indexOf('\n', from);
    this.#at = end + 1;
    return this.#yaml.slice(from, end);
  }
}
