import {spawnSync} from 'node:child_process';
import {BIN} from '../support/sandbox.ts';
import {writeRecords} from './records.ts';
import type {Stage} from './stage.ts';
import {median, timed} from './stats.ts';
import {ms, type Row, times} from './table.ts';

const RECORDS = 10_000;
const LAUNCHES = 7;
const LIST_MS = 300;

/** Commands of people, each a process that starts, looks at records on disk, and ends. No host runs. */
export async function* commands(stage: Stage): AsyncGenerator<Row> {
  const sandbox = stage.sandbox();
  await writeRecords(sandbox, {count: RECORDS, unread: RECORDS / 2});
  const run = (args: readonly string[]) => {
    const {status, stderr} = spawnSync(process.execPath, [...args], {
      ...{cwd: sandbox.project, env: sandbox.env, encoding: 'utf8'},
    });
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  };
  const launched = async (args: readonly string[]) => {
    const values: number[] = [];
    for (let n = 0; n < LAUNCHES; n++) values.push(await timed(async () => run(args)));
    return median(values);
  };
  const plain = await launched(['-e', '0']);
  const row = (what: string, measured: number): Row => ({
    what: `${what}, ${RECORDS.toLocaleString('en-US')} records (n=${LAUNCHES})`,
    measured: ms(measured),
    baseline: `node -e 0: ${ms(plain)}`,
    ratio: times(measured / plain),
    goal: `<= ${LIST_MS} ms`,
    met: measured <= LIST_MS,
  });
  yield row('opencode-delegate list', await launched([BIN, 'list']));
  yield row('opencode-delegate list --json', await launched([BIN, 'list', '--json']));
}
