import {join} from 'node:path';
import {Repository} from '../support/repository.ts';
import type {Bin} from './bin.ts';
import type {Stage} from './stage.ts';
import {median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const FILES = 20_000;
const FILES_PER_FOLDER = 100;
const LINES_PER_FILE = 20;
const ROUNDS = 5;
/** How much more than its two parts a start may cost: git's worktree, and OpenCode's first look at a directory. */
const MAX_RATIO = 1.5;

/** What it costs to begin in a worktree of one's own, in a large repository. */
export async function* worktree(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  const home = join(sandbox.root, 'home');
  const repository = Repository.create(sandbox.project, {home, files: manyFiles()});
  const bin = await stage.warmBin({}, sandbox);
  const inPlace: number[] = [];
  const apart: number[] = [];
  const parts: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    inPlace.push(await timeToModel({stage, bin}));
    apart.push(await timeToModel({stage, bin, input: {access: 'worktree'}}));
    const directory = join(sandbox.root, `by-hand-${round}`);
    const git = await timed(async () => repository.git('worktree', 'add', '--quiet', '--detach', directory));
    parts.push(git + (await timeToModel({stage, bin, input: {directory}})));
  }
  const [ours, base, least] = [median(apart), median(inPlace), median(parts)];
  yield* [
    {
      what: `start in a worktree, ${FILES.toLocaleString('en-US')} files (n=${ROUNDS})`,
      measured: ms(ours),
      baseline: `in place: ${ms(base)}`,
      ratio: times(ours / base),
      goal: '-',
    },
    {
      what: 'the same, against doing it by hand',
      measured: ms(ours),
      baseline: `git worktree add, then in place there: ${ms(least)}`,
      ratio: times(ours / least),
      goal: `<= ${MAX_RATIO.toFixed(1)}x`,
      met: ours / least <= MAX_RATIO,
    },
  ];
}

let prompts = 0;

interface Sample {
  readonly stage: Stage;
  readonly bin: Bin;
  readonly input?: Record<string, unknown>;
}

/** From the call until the model is asked. */
async function timeToModel({stage, bin, input = {}}: Sample): Promise<number> {
  prompts += 1;
  const prompt = `wait 0: look at it once more, for the ${prompts}th time.`;
  let id = '';
  const took = await timed(async () => {
    id = await bin.delegate(prompt, input);
    await stage.model.asked(prompt);
  });
  await bin.read(id);
  return took;
}

function manyFiles(): Record<string, string> {
  return Object.fromEntries(
    Array.from({length: FILES}, (_, n) => {
      const name = `packages/${Math.floor(n / FILES_PER_FOLDER)}/file-${n}.ts`;
      return [name, `export const name = '${name}';\n`.repeat(LINES_PER_FILE)];
    }),
  );
}
