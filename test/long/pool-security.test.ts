import pg from 'pg';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import type {Within} from '../../src/app/service.ts';
import {hasEnded} from '../../src/delegation/model/delegation.ts';
import {openQueue, setUpPool} from '../../src/pool/engine/open.ts';
import type {PoolJob, PoolQueue} from '../../src/pool/queue/queue.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import {type CuttableProxy, startCuttableProxy} from '../support/cuttable-proxy.ts';
import {createGate} from '../support/gate.ts';
import {becomes, delegateTo, PoolStage} from '../support/pool-stage.ts';
import {startPostgres, type TestPostgres} from '../support/postgres.ts';
import {eventually} from '../support/processes.ts';
import type {Reply} from '../support/scripted-model.ts';

const PROMPT = 'Rewrite the confidential page';
const ANSWER = 'Done with the confidential page.';
const MESSAGE = 'Mind the confidential comma.';

/** A client, a worker with a real OpenCode, and a Postgres in which a test reads and writes as its administrator. */
describe('a pool whose database is read and written by others', () => {
  let postgres: TestPostgres;
  let stage: PoolStage;
  let raw: PoolQueue;
  /** The way of the client to the database, until there is a worker. */
  let lid: CuttableProxy;
  let url: string;

  const urlOf = (port: number) => `postgres://team@127.0.0.1:${port}/pool`;

  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.create('pool');
    await postgres.query('pool', 'CREATE ROLE team LOGIN; CREATE ROLE others LOGIN');
    await setUpPool(postgres.urlOf('pool'), {role: 'team'});
    await setUpPool(`${postgres.urlOf('pool')}?schema=others`, {role: 'others'});
    lid = await startCuttableProxy(postgres.port);
    url = urlOf(lid.port);
    stage = await PoolStage.open(({keepMs, log}) => openQueue({url, keepMs, log}));
    raw = await openQueue({url: urlOf(postgres.port)});
  });

  afterAll(async () => {
    await raw.close();
    await stage.close();
    await lid.close();
    await postgres.stop();
  });

  /** All rows of all tables, as `pg_dump` has them. */
  async function dump(): Promise<readonly string[]> {
    const tables = await postgres.query(
      'pool',
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    const rows = await Promise.all(
      tables.map(({name}) => postgres.query('pool', `SELECT '${name} ' || t::text AS row FROM ${name} t`)),
    );
    return rows.flat().map(({row}) => String(row));
  }

  /** Rows with a secret in them, in whichever way it could be written there. */
  async function tellingRows(): Promise<readonly string[]> {
    const {client, worker, repository, group, owner} = stage;
    const secrets = [
      ...[PROMPT, ANSWER, MESSAGE, 'confidential', 'page.txt', 'better', 'my project'],
      ...[client.root, worker.root, repository.path, client.env.HOME ?? ''],
      ...[group.toText(), owner.toText(), 'sk-scripted', 'scripted/model', 'refs/heads', 'PACK'],
    ];
    const written = secrets.flatMap((secret) => {
      const bytes = Buffer.from(secret);
      return [secret, bytes.toString('hex'), bytes.toString('base64').replace(/[^\w+/]|..$/g, '')];
    });
    const rows = await dump();
    expect(rows.length).toBeGreaterThan(0);
    return rows.filter((row) => written.some((text) => row.includes(text)));
  }

  const idsOf = async (id: string) => (await dump()).filter((row) => row.includes(id));

  async function begun(host: Within, prompt = PROMPT) {
    return delegateTo(host, {directory: stage.repository.path, prompt});
  }

  async function jobOf(id: string): Promise<PoolJob> {
    let job: PoolJob | undefined;
    await eventually(async () => {
      const rows = await postgres.query(
        'pool',
        'SELECT id FROM opencode_delegate.desk_job WHERE body IS NOT NULL',
      );
      const found = rows.map((row) => String(row.id)).find((name) => name.startsWith(`${id}@`));
      job = found === undefined ? undefined : await raw.job(found);
      return job !== undefined;
    });
    if (job === undefined) throw new Error(`the pool has no job of ${id}`);
    return job;
  }

  it('shows nothing while work waits, runs and has ended, and has nothing left when it was delivered', async () => {
    const gate = createGate();
    stage.model.script(async ({toolResults}): Promise<Reply> => {
      if (toolResults.length === 0)
        return {tool: 'write', input: {filePath: 'page.txt', content: 'better\n'}};
      await gate.opened;
      return {text: ANSWER};
    });
    const host = stage.host();
    const {id, ...named} = await begun(host);
    const delegation = {id, project: named.project};
    await jobOf(id);
    expect(await tellingRows(), 'while it waits').toEqual([]);

    url = urlOf(postgres.port);
    await stage.startWorker({checkpointMs: 500});
    await becomes(host, delegation, ({state}) => state.status === 'running');
    await host.delegations.tell(delegation.project, id, MESSAGE);
    await eventually(async () => (await idsOf(id)).some((row) => row.includes('checkpoint-')));
    expect(await tellingRows(), 'while it runs').toEqual([]);

    // The lid is closed, so that the result waits.
    lid.cut();
    gate.open();
    await eventually(async () => (await idsOf(id)).some((row) => row.includes('harvest')));
    expect(await tellingRows(), 'when it has ended').toEqual([]);

    lid.rejoin();
    const ended = await becomes(host, delegation, ({state}) => hasEnded(state));
    expect(ended.text).toContain(ANSWER);
    // All that stays is a tombstone, and that BullMQ had a job of that id: names and times.
    const left = async () =>
      (await idsOf(id)).map((row) => row.split(' ')[0]).filter((name) => !name?.endsWith('.event'));
    await eventually(async () => (await left()).join() === 'opencode_delegate.desk_job');
    const [counts] = await postgres.query(
      'pool',
      `SELECT (SELECT count(*) FROM opencode_delegate.desk_letter) AS letters,
              (SELECT count(*) FROM opencode_delegate.desk_file) AS files,
              (SELECT count(*) FROM opencode_delegate.desk_chunk) AS chunks,
              (SELECT count(*) FROM opencode_delegate.desk_job WHERE body IS NOT NULL) AS bodies`,
    );
    expect(counts).toEqual({letters: '0', files: '0', chunks: '0', bodies: '0'});
    expect(await tellingRows(), 'when it was delivered').toEqual([]);
  });

  it('begins nothing again where its administrator puts an old job back', async () => {
    let asked = 0;
    stage.model.script((): Reply => {
      asked += 1;
      return {text: ANSWER};
    });
    const host = stage.host();
    const delegation = await begun(host);
    const job = await jobOf(delegation.id);
    await becomes(host, delegation, ({state}) => hasEnded(state));
    await eventually(async () => (await raw.standing(job.id)).is === 'unknown');
    const before = asked;
    await postgres.query('pool', `DELETE FROM opencode_delegate.desk_job WHERE id = '${job.id}'`);
    await raw.submit(job);
    await eventually(async () => (await raw.standing(job.id)).is === 'returned');
    expect(asked).toBe(before);
    expect(stage.log.lines.join('\n')).toContain(
      'This worker has begun it before, and begins nothing twice.',
    );
    await raw.forget(job.id);
  });

  it('refuses a row whose owner was changed, and the owner hears of it', async () => {
    let asked = 0;
    stage.model.script((): Reply => {
      asked += 1;
      return {text: ANSWER};
    });
    const host = stage.host();
    const other = OwnerKey.create().fingerprint;
    // As it comes, before any worker sees it.
    await postgres.query(
      'pool',
      `CREATE FUNCTION opencode_delegate.steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.owner := '${other}'; RETURN NEW; END $$;
       CREATE TRIGGER steal BEFORE INSERT ON opencode_delegate.desk_job FOR EACH ROW WHEN (NEW.body IS NOT NULL) EXECUTE FUNCTION opencode_delegate.steal();
       GRANT EXECUTE ON FUNCTION opencode_delegate.steal() TO team`,
    );
    onTestFinished(async () => {
      await postgres.query('pool', 'DROP TRIGGER steal ON opencode_delegate.desk_job');
    });
    const delegation = await begun(host);
    const ended = await becomes(host, delegation, ({state}) => hasEnded(state));
    // Which of the two is up to who is first: the worker that refuses it, or its owner who does not find it.
    expect(ended.state.status).toMatch(/^(error|interrupted)$/);
    expect(JSON.stringify(ended.state)).toMatch(/The worker refuses it|the pool has forgotten it/);
    expect(asked).toBe(0);
  });

  it('says nothing to a role of another group that listens, or looks at what others do', async () => {
    const {Client} = pg;
    const spy = new Client(postgres.urlOf('pool', 'others'));
    await spy.connect();
    onTestFinished(() => spy.end());
    const heard: string[] = [];
    spy.on('notification', ({channel, payload = ''}) => heard.push(`${channel} ${payload}`));
    for (const channel of ['bullmq_jobs', 'bullmq_events', '"bullmq:events"'])
      await spy.query(`LISTEN ${channel}`);
    stage.model.script((): Reply => ({text: ANSWER}));
    const host = stage.host();
    const delegation = await begun(host);
    const job = await jobOf(delegation.id);
    await becomes(host, delegation, ({state}) => hasEnded(state));
    const {rows} = await spy.query<{query: string}>(
      "SELECT query FROM pg_stat_activity WHERE usename = 'team'",
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({query}) => query !== '<insufficient privilege>')).toEqual([]);
    await eventually(() => heard.length > 0);
    const telling = [PROMPT, 'confidential', stage.repository.path, delegation.id, job.id];
    expect(heard.filter((said) => telling.some((secret) => said.includes(secret)))).toEqual([]);
  });
});
