import {mkdirSync, utimesSync, writeFileSync} from 'node:fs';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {type Delegation, NO_STATS} from '../../src/delegation/model/delegation.ts';
import {summaryOf, titleOf} from '../../src/delegation/model/headline.ts';
import {newId} from '../../src/delegation/model/id.ts';
import {renderRecord} from '../../src/store/record/record.ts';
import {projectOf} from '../support/project-of.ts';
import type {Sandbox} from '../support/sandbox.ts';

const SENTENCE = 'The retry budget is shared by all callers, so one noisy caller starves the rest of them. ';
/** Answers of 1,000 to 30,000 characters, most of them short, as agents write them. */
const TEXT_SENTENCES = [12, 20, 30, 40, 60, 90, 150, 350];
const PROMPT_SENTENCES = [4, 8, 16, 30];

/** Thousands of records come together over weeks. */
const WRITTEN_AT = new Date(Date.now() - 7 * 24 * 60 * 60 * 1_000);

export interface Records {
  /** The project's folder. */
  readonly folder: string;
  /** Records that somebody has read. */
  readonly read: readonly string[];
  readonly unread: readonly string[];
  /** A stored record, as its file has it. */
  file(id: string): {path: string; content: string};
}

export interface RecordsOptions {
  readonly count: number;
  /** How many of them nobody has read. */
  readonly unread: number;
  /** Other than the one that the sandbox's directory belongs to. */
  readonly project?: string;
}

/** Writes ended delegations into a project, without the syncs that many would take long with. */
export async function writeRecords(
  sandbox: Sandbox,
  {count, unread, project: other}: RecordsOptions,
): Promise<Records> {
  const project = other ?? (await projectOf(sandbox));
  const folder = join(sandbox.dataDir, project);
  mkdirSync(folder, {recursive: true, mode: 0o700});
  const records = new Map<string, Delegation>();
  while (records.size < count) {
    const id = newId();
    if (records.has(id)) continue;
    records.set(id, recordOf({n: records.size, id, project, sandbox, isRead: records.size >= unread}));
  }
  const file = (id: string) => {
    const record = records.get(id);
    if (record === undefined) throw new Error(`there is no ${id}`);
    return {path: join(folder, `${id}.md`), content: renderRecord(record)};
  };
  for (const id of records.keys()) {
    const {path, content} = file(id);
    writeFileSync(path, content, {mode: 0o600});
    utimesSync(path, WRITTEN_AT, WRITTEN_AT);
  }
  const ids = [...records.keys()];
  return {folder, read: ids.slice(unread), unread: ids.slice(0, unread), file};
}

function recordOf({
  n,
  id,
  project,
  sandbox,
  isRead,
}: {
  n: number;
  id: string;
  project: string;
  sandbox: Sandbox;
  isRead: boolean;
}): Delegation {
  const prompt = `Review part ${n} of the service.\n\n${sentences(PROMPT_SENTENCES, n)}`;
  const text = `# Part ${n}\n\n${sentences(TEXT_SENTENCES, n)}`;
  const createdAt = Date.now() - (n + 1) * 60_000;
  return {
    id,
    project,
    access: 'agent',
    directory: sandbox.project,
    agent: 'build',
    model: 'scripted/model',
    client: {name: 'bench', version: '1'},
    owner: {pid: process.pid, hostname: hostname(), environment: ''},
    timeoutMs: 900_000,
    createdAt,
    title: titleOf(prompt),
    summary: summaryOf(text),
    state: {
      status: 'completed',
      startedAt: createdAt + 10,
      endedAt: createdAt + 45_000,
      sessionId: `ses_${id}`,
      work: {...NO_STATS, toolCalls: n % 20, filesChanged: [`src/part-${n}.ts`, `test/part-${n}.ts`]},
    },
    ...(isRead && {readAt: createdAt + 50_000}),
    prompt,
    text,
  };
}

function sentences(counts: readonly number[], n: number): string {
  return SENTENCE.repeat(counts[n % counts.length] ?? 1);
}
