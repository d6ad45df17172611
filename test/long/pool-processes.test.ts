import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {setUpPool} from '../../src/pool/engine/open.ts';
import {keyFilesIn, readGroupKey, writeKey} from '../../src/pool/keys/key-files.ts';
import {readOwner} from '../../src/process/lock.ts';
import {connect} from '../support/client.ts';
import {beginCommand, runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {startPostgres, type TestPostgres} from '../support/postgres.ts';
import {eventually} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';

/** A lease that is lost is found out after a minute and a half at the latest. */
const LOST_MS = 180_000;

/** Real processes of clients and workers, each with a home, and a real Postgres between them. */
describe('a pool over Postgres', () => {
  let postgres: TestPostgres;
  let model: ScriptedModel;
  let client: Sandbox;
  let worker: Sandbox;
  let repository: Repository;
  const workers: ReturnType<typeof beginCommand>[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.create('pool');
    await postgres.query('pool', 'CREATE ROLE team LOGIN');
    await setUpPool(postgres.urlOf('pool'), {role: 'team'});
    model = await ScriptedModel.start();
    const options = {modelUrl: model.url, config: {permission: 'allow'}};
    client = createSandbox(options);
    worker = createSandbox(options);
    for (const {env} of [client, worker]) {
      Object.assign(env, {
        OPENCODE_DELEGATE_POOL: postgres.urlOf('pool', 'team'),
        OPENCODE_DELEGATE_POOL_FETCH: 'file',
        OPENCODE_DELEGATE_TRUST: 'all',
      });
    }
    repository = Repository.create(client.project, {
      home: join(client.root, 'home'),
      files: {'a.txt': 'a\n', 'web/page.txt': 'page\n'},
    });
    const made = await runCommand(client, ['pool', 'init']);
    expect(made.stdout).toMatch(
      /^Made the key of the group: .*\nMade your own key: .*\nYour name in the pool: /,
    );
    writeKey(keyFilesIn(worker.env).group, readGroupKey(keyFilesIn(client.env)).toText());
    startWorker('big-machine');
  });

  afterAll(async () => {
    await Promise.all(workers.map((one) => one.end()));
    await client.remove();
    await worker.remove();
    await model.close();
    await postgres.stop();
  });

  function startWorker(name: string): void {
    const args = ['worker', '--owners', 'all', '--name', name, '--drain', '0', '--checkpoint', '0.02'];
    workers.push(beginCommand(worker, args));
  }

  async function run(prompt: string, ...more: readonly string[]): Promise<string> {
    const {stdout, stderr} = await runCommand(client, ['run', prompt, '--where', 'pool', ...more]);
    expect(stdout, stderr).toMatch(/^[a-z-]+$/);
    return stdout;
  }

  /** The record once it has that in it. */
  async function recordWith(id: string, words: RegExp): Promise<string> {
    const text = () => readFileSync(artifactOf(client, id), 'utf8');
    await eventually(() => words.test(text()), LOST_MS);
    return text();
  }

  /** Writes a file, then waits for the gate, and answers. */
  function scriptHeld(file: string, gate: {readonly opened: Promise<void>}): () => number {
    let answers = 0;
    model.script(async ({toolResults}): Promise<Reply> => {
      if (toolResults.length === 0) return {tool: 'write', input: {filePath: file, content: `${file}\n`}};
      answers += 1;
      await gate.opened;
      return {text: `Done with ${file}.`};
    });
    return () => answers;
  }

  function hostPid(): number {
    const lock = readdirSync(client.runtimeDir).find((name) => name.endsWith('.lock')) ?? '';
    return readOwner(join(client.runtimeDir, lock))?.pid ?? 0;
  }

  it('offers the place to models, and brings text and branch home', async () => {
    scriptHeld('page.txt', {opened: Promise.resolve()});
    const one = await connect(client);
    const answer = await one.call('delegate', {prompt: 'Improve the secret page', where: 'pool'});
    expect(answer.text).toContain('travels in a bundle of');
    const id = answer.text.split(' ')[0] ?? '';
    const [head = '', text = ''] = (await one.read(id)).blocks;
    await one.close();
    expect(text).toContain('Done with page.txt.');
    expect(head).toContain(`Branch: delegation/${id} at `);
    expect(repository.git('show', `delegation/${id}:page.txt`)).toBe('page.txt');
    expect(await recordWith(id, /./)).toContain('worker: big-machine');
  });

  it('shows its workers in status and to doctor', async () => {
    const {stdout} = await runCommand(client, ['status']);
    expect(stdout).toMatch(/^Pool:\n {2}big-machine · on .* · busy: 0 of 4 · /m);
    const found = await runCommand(client, ['doctor', '--pool']);
    expect(found.stdout).toMatch(
      /Pool keys: .*\n.*Pool database: .*\n.*Pool clock: .*\n.*Pool worker big-machine: It answers in \d+ ms: opencode-delegate \S+, OpenCode 1\./,
    );
    expect(found.exitCode).toBe(0);
  });

  it('a host that is killed is followed by one that takes hold of the work, which runs once', async () => {
    const gate = createGate();
    const answers = scriptHeld('once.txt', gate);
    const id = await run('Write once');
    await recordWith(id, /status: running/);
    const pid = hostPid();
    process.kill(pid, 'SIGKILL');
    await eventually(() => !isThere(pid));
    gate.open();
    // A command that waits starts none; a client does.
    const next = await connect(client);
    onTestFinished(() => next.close());
    const waited = await runCommand(client, ['wait', id, '--exit-status']);
    expect(waited).toMatchObject({exitCode: 0});
    expect(repository.git('show', `delegation/${id}:once.txt`)).toBe('once.txt');
    expect(answers()).toBe(1);
  });

  it('no row shows what was asked, what was answered, or which repository it is', async () => {
    const tables = await postgres.query(
      'pool',
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    const rows = await Promise.all(
      tables.map(({name}) => postgres.query('pool', `SELECT t::text AS row FROM ${name} t`)),
    );
    const all = rows.flat().map(({row}) => String(row));
    expect(all.length).toBeGreaterThan(0);
    for (const words of ['secret page', 'Write once', 'Done with', 'page.txt', 'my project']) {
      const hex = Buffer.from(words).toString('hex');
      expect(all.filter((row) => row.includes(words) || row.includes(hex))).toEqual([]);
    }
  });

  it('is cancelled while it runs, and the worker is clean afterwards', async () => {
    scriptHeld('cancelled.txt', createGate());
    const id = await run('Take long');
    await recordWith(id, /status: running/);
    const {stdout} = await runCommand(client, ['cancel', id]);
    expect(stdout).toContain(`${id} has ended: cancelled.`);
    const jobs = join(worker.env.HOME ?? '', '.local/share/opencode-delegate/worker/.code/jobs');
    await eventually(() => readdirSync(jobs).length === 0);
  });

  it('a worker that is told to end gives back what there is, and another goes on from there', async () => {
    scriptHeld('drained.txt', createGate());
    const id = await run('Be drained');
    await recordWith(id, /status: running/);
    await recordWith(id, /tool_calls: 1|usage:/);
    const [first] = workers;
    first?.interrupt();
    const record = await recordWith(id, /status: interrupted/);
    expect(record).toContain('outcome: kept');
    expect(repository.git('show', `delegation/${id}:drained.txt`)).toBe('drained.txt');
    await first?.ended;
    startWorker('second-machine');
    model.script(() => ({text: 'Went on.'}));
    const next = await runCommand(client, ['continue', id]);
    const waited = await runCommand(client, ['wait', next.stdout, '--exit-status']);
    expect(waited, next.stderr).toMatchObject({exitCode: 0});
    const text = await recordWith(next.stdout, /Went on\./);
    expect(text).toContain('worker: second-machine');
  });

  it('a worker that is killed leaves an interrupted delegation with its last checkpoint', async () => {
    scriptHeld('killed.txt', createGate());
    const id = await run('Be killed');
    await recordWith(id, /status: running/);
    // Until a checkpoint is there, which letters tell.
    await eventually(() => hasCheckpoint(id));
    await workers.at(-1)?.end();
    const record = await recordWith(id, /status: interrupted/);
    expect(record).toContain('The pool has lost its worker ');
    expect(repository.git('show', `delegation/${id}:killed.txt`)).toBe('killed.txt');
  });

  async function hasCheckpoint(id: string): Promise<boolean> {
    const tables = await postgres.query(
      'pool',
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    for (const {name} of tables) {
      const rows = await postgres.query(
        'pool',
        `SELECT t::text AS row FROM ${name} t WHERE t::text LIKE '%checkpoint-%'`,
      );
      if (rows.some(({row}) => String(row).includes(id))) return true;
    }
    return false;
  }
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
