import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {messageOf} from '../../src/base/errors.ts';
import {type Delegation, type Ended, hasEnded} from '../../src/delegation/model/delegation.ts';
import {parseRecord} from '../../src/store/record/record.ts';
import type {Findings} from './findings.ts';
import {projectsIn} from './projects.ts';

const EXTENSION = '.md';

/** Knows what each prompt is to be answered with. */
interface Answers {
  of(prompt: string): {readonly answer: string} | undefined;
}

interface Known {
  readonly version: string;
  readonly record: Delegation;
}

/** The records as their files are, looked at again and again: each end is compared with what was seen before. */
export class Records {
  readonly #known = new Map<string, Known>();
  readonly #dataDir: string;
  readonly #findings: Findings;
  readonly #work: Answers;

  constructor({dataDir, findings, work}: {dataDir: string; findings: Findings; work: Answers}) {
    this.#dataDir = dataDir;
    this.#findings = findings;
    this.#work = work;
  }

  get all(): readonly Delegation[] {
    return [...this.#known.values()].map(({record}) => record);
  }

  get open(): readonly Delegation[] {
    return this.all.filter(({state}) => !hasEnded(state));
  }

  get ended(): readonly Delegation[] {
    return this.all.filter(({state}) => hasEnded(state));
  }

  of(id: string): Delegation | undefined {
    return this.#known.get(id)?.record;
  }

  /** Reads what has changed since the last look. */
  look(): void {
    const there = new Set<string>();
    for (const folder of projectsIn(this.#dataDir)) {
      for (const name of readdirSync(folder).filter((one) => one.endsWith(EXTENSION))) {
        there.add(name.slice(0, -EXTENSION.length));
        this.#lookAt(join(folder, name), name.slice(0, -EXTENSION.length));
      }
    }
    for (const id of this.#known.keys()) {
      if (!there.has(id)) this.#findings.broken('lost', id, 'its record was there and is gone');
    }
  }

  #lookAt(path: string, id: string): void {
    const {ino, size, mtimeNs} = statSync(path, {bigint: true});
    const version = `${ino}.${size}.${mtimeNs}`;
    const before = this.#known.get(id);
    if (before?.version === version) return;
    try {
      const record = parseRecord(readFileSync(path, 'utf8'), '');
      this.#compare(before?.record, record);
      this.#known.set(id, {version, record});
    } catch (error) {
      this.#findings.broken('lost', id, `its record cannot be read: ${messageOf(error)}`);
    }
  }

  #compare(before: Delegation | undefined, now: Delegation): void {
    const {state} = now;
    if (before !== undefined && hasEnded(before.state)) {
      const [was, is] = [endOf(before, before.state), hasEnded(state) ? endOf(now, state) : state.status];
      if (was !== is) this.#findings.broken('changed', now.id, `it was\n  ${was}\nand is\n  ${is}`);
      return;
    }
    if (state.status !== 'completed') return;
    const wanted = this.#work.of(now.prompt)?.answer;
    if (now.text !== wanted) {
      this.#findings.broken('wrong', now.id, `to "${now.prompt}" it says "${now.text}" and not "${wanted}"`);
    }
  }
}

/** What a worker's answer begins with that came too late. */
export const LATE = /(?:^|\n\n)\(Came too late at /;

/**
 * What of a record may not change any more. What a worker of a pool has said too late is not of it: that is added below,
 * and marked as no end.
 */
function endOf({text}: Delegation, {status, endedAt, error, work}: Ended): string {
  const [own = ''] = status === 'interrupted' ? text.split(LATE) : [text];
  return JSON.stringify({status, endedAt, error, work, text: own});
}
