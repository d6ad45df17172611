/** What must hold whatever is killed, as the table names what broke. */
export const INVARIANTS = {
  lost: 'an acknowledged delegation has a record, and that one ends',
  wrong: 'what has completed carries exactly the answer to its prompt',
  changed: 'an end never changes',
  withheld: 'an answer that OpenCode had stored whole is an answer',
  denied: 'what is said not to have been sent to the model was not',
  doubled: 'no prompt is sent twice',
  branch: 'a branch has exactly what its agent has written, and what it started from',
  faulty: 'no end says that a worker has a fault',
  unasked: 'nothing is cancelled that nobody has cancelled',
  untold: 'a session is told once of each end, unless somebody has read it before',
  stuck: 'every call is answered, and a client can always connect',
  'left behind': 'after a stop nothing is left: no process, no file that is not a result',
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface Finding {
  readonly invariant: Invariant;
  readonly round: number;
  readonly what: string;
}

/** Everything that broke, each told when it is found, with what it takes to play it again. */
export class Findings {
  readonly all: Finding[] = [];
  /** How many kills there were so far. */
  round = 0;
  readonly #seed: number;
  readonly #tell: (line: string) => void;
  readonly #known = new Set<string>();

  constructor({seed, tell}: {seed: number; tell: (line: string) => void}) {
    this.#seed = seed;
    this.#tell = tell;
  }

  /** Says once of each subject that this was broken. */
  broken(invariant: Invariant, subject: string, what: string): void {
    const key = `${invariant} ${subject}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.all.push({invariant, round: this.round, what: `${subject}: ${what}`});
    this.#tell(
      `BROKEN (seed ${this.#seed}, round ${this.round}): ${INVARIANTS[invariant]}. ${subject}: ${what}`,
    );
  }

  count(invariant: Invariant): number {
    return this.all.filter((finding) => finding.invariant === invariant).length;
  }
}
