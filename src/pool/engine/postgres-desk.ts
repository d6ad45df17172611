import type {Pool} from 'pg';
import {JobOver} from '../queue/errors.ts';
import type {Letter, PoolEntry, PoolJob, Reader, WorkerCard} from '../queue/queue.ts';
import {
  type Claimed,
  type Counts,
  type Desk,
  type DeskJob,
  EARLY_MS,
  laneFrom,
  laneOf,
  type PoolLane,
  type Upload,
} from './desk.ts';
import {PostgresFiles} from './postgres-files.ts';
import type {PostgresListener} from './postgres-listener.ts';
import {NOW} from './postgres-schema.ts';

/** What BullMQ says when something waits. */
const ARRIVALS = 'bullmq_jobs';
const NOTHING_LEFT = 'body = NULL, result = NULL, is_over = true, changes = desk_job.changes + 1';

interface JobRow {
  readonly id: string;
  readonly owner: string;
  readonly route: string;
  readonly not_after: string;
  readonly body: Buffer | null;
  readonly claim: string | null;
  readonly claimed_at: string | null;
  readonly result: Buffer | null;
  readonly is_over: boolean;
  readonly now: string;
}

/** The desk in Postgres: tables in the schema that BullMQ has its own in. */
export class PostgresDesk implements Desk {
  readonly goesByOurClock = true;
  readonly #pool: Pool;
  readonly #files: PostgresFiles;
  readonly #listener: PostgresListener;

  constructor(pool: Pool, listener: PostgresListener) {
    this.#pool = pool;
    this.#files = new PostgresFiles(pool);
    this.#listener = listener;
  }

  async enter(job: PoolJob): Promise<void> {
    const {id, owner, route, notAfter, body} = job;
    const {rowCount} = await this.#pool.query(
      `INSERT INTO desk_job (id, lane, owner, route, not_after, body, since)
       SELECT $1, $2, $3, $4, $5::bigint, $6, ${NOW} WHERE $5::bigint > ${NOW}
       ON CONFLICT (id) DO NOTHING`,
      [id, laneOf(job), owner, route, notAfter, Buffer.from(body)],
    );
    if (rowCount === 1) return;
    const known = await this.find(id);
    if (known === undefined || known.isOver) throw new JobOver(id);
  }

  async find(id: string): Promise<DeskJob | undefined> {
    const {rows} = await this.#pool.query<JobRow>(`SELECT *, ${NOW} AS now FROM desk_job WHERE id = $1`, [
      id,
    ]);
    const row = rows[0];
    if (row === undefined) return undefined;
    const {owner, route, body} = row;
    return {
      job: {id, owner, route, notAfter: Number(row.not_after), body: new Uint8Array(body ?? [])},
      claim: row.claim ?? undefined,
      claimedAt: row.claimed_at === null ? undefined : Number(row.claimed_at),
      isOver: row.is_over,
      result: row.result === null ? undefined : new Uint8Array(row.result),
      now: Number(row.now),
    };
  }

  async claim(id: string, claim: string): Promise<Claimed> {
    const {rowCount} = await this.#pool.query(
      `UPDATE desk_job SET claim = $2, claimed_at = ${NOW}, changes = changes + 1
        WHERE id = $1 AND claim IS NULL AND NOT is_over AND not_after > ${NOW}`,
      [id, claim],
    );
    if (rowCount === 1) return 'claimed';
    const known = await this.find(id);
    if (known === undefined || known.isOver) return 'over';
    return known.claim === undefined ? 'late' : 'taken';
  }

  async unclaim(id: string, claim: string): Promise<void> {
    await this.#pool.query(
      'UPDATE desk_job SET claim = NULL, claimed_at = NULL, changes = changes + 1 WHERE id = $1 AND claim = $2',
      [id, claim],
    );
  }

  async withdraw(id: string): Promise<boolean> {
    const {rows} = await this.#pool.query(
      `WITH withdrawn AS (
         INSERT INTO desk_job (id, lane, owner, route, not_after, since, is_over)
         VALUES ($1, '', '', '', ${NOW} + ${EARLY_MS}, ${NOW}, true)
         ON CONFLICT (id) DO UPDATE SET ${NOTHING_LEFT}
           WHERE desk_job.claim IS NULL AND NOT desk_job.is_done AND NOT desk_job.is_over
         RETURNING id
       ),
       letters AS (DELETE FROM desk_letter WHERE id IN (SELECT id FROM withdrawn)),
       files AS (DELETE FROM desk_file WHERE id IN (SELECT id FROM withdrawn))
       SELECT id FROM withdrawn`,
      [id],
    );
    if (rows.length > 0) return true;
    return (await this.find(id))?.isOver ?? false;
  }

  async keepResult(id: string, claim: string, body: Uint8Array): Promise<void> {
    await this.#pool.query(
      'UPDATE desk_job SET result = $3 WHERE id = $1 AND claim = $2 AND NOT is_over AND NOT is_done',
      [id, claim, Buffer.from(body)],
    );
  }

  async touch(id: string, isDone: boolean): Promise<void> {
    await this.#pool.query(
      'UPDATE desk_job SET changes = changes + 1, is_done = is_done OR $2 WHERE id = $1',
      [id, isDone],
    );
  }

  async forget(id: string, note?: Uint8Array): Promise<void> {
    await this.#pool.query(
      `WITH letters AS (DELETE FROM desk_letter WHERE id = $1), files AS (DELETE FROM desk_file WHERE id = $1)
       UPDATE desk_job SET body = NULL, result = $2, is_over = true, changes = changes + 1
        WHERE id = $1 AND NOT is_over`,
      [id, note === undefined ? null : Buffer.from(note)],
    );
  }

  async ofOwner(owner: string): Promise<readonly PoolEntry[]> {
    const sql = `
      SELECT id, route, CASE WHEN is_done OR (claim IS NULL AND not_after <= ${NOW}) THEN 'ended'
                             WHEN claim IS NULL THEN 'waiting' ELSE 'leased' END AS stands
        FROM desk_job WHERE owner = $1 AND NOT is_over ORDER BY since, id`;
    return (await this.#pool.query<PoolEntry>(sql, [owner])).rows;
  }

  async lanes(which: 'waiting' | 'leased'): Promise<readonly PoolLane[]> {
    const {rows} = await this.#pool.query<{lane: string}>(
      `SELECT DISTINCT lane FROM desk_job
        WHERE claim IS ${which === 'waiting' ? '' : 'NOT'} NULL AND NOT is_over AND NOT is_done`,
    );
    return rows.map(({lane}) => laneFrom(lane));
  }

  async post(id: string, to: Reader, body: Uint8Array): Promise<void> {
    // The row's lock puts those who post at once into an order, which is also that of their commits.
    const {rowCount} = await this.#pool.query(
      `WITH numbered AS (
         UPDATE desk_job SET ${to}_letters = ${to}_letters + 1
          WHERE id = $1 AND NOT is_over RETURNING ${to}_letters AS number)
       INSERT INTO desk_letter (id, reader, number, body) SELECT $1, $2, number, $3 FROM numbered`,
      [id, to, Buffer.from(body)],
    );
    if (rowCount === 0) throw new JobOver(id);
  }

  async letters(id: string, at: Reader, after: number): Promise<readonly Letter[]> {
    const {rows} = await this.#pool.query<{number: number; body: Buffer}>(
      'SELECT number, body FROM desk_letter WHERE id = $1 AND reader = $2 AND number > $3 ORDER BY number LIMIT 100',
      [id, at, after],
    );
    return rows.map(({number, body}) => ({number, body: new Uint8Array(body)}));
  }

  async peek(ids: readonly string[]): Promise<ReadonlyMap<string, Counts>> {
    const {rows} = await this.#pool.query<{id: string; changes: string; owner: number; worker: number}>(
      `SELECT id, changes, owner_letters AS owner, worker_letters AS worker FROM desk_job WHERE id = ANY($1)`,
      [ids],
    );
    return new Map(
      rows.map(({id, changes, owner, worker}) => [id, {changes: Number(changes), owner, worker}]),
    );
  }

  upload(id: string, name: string): Promise<Upload> {
    return this.#files.upload(id, name);
  }

  download(id: string, name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#files.download(id, name);
  }

  async saveCard(card: WorkerCard): Promise<void> {
    await this.#pool.query(
      `INSERT INTO desk_worker (name, card, since) VALUES ($1, $2, ${NOW})
       ON CONFLICT (name) DO UPDATE SET card = EXCLUDED.card, since = EXCLUDED.since`,
      [card.name, JSON.stringify(card)],
    );
  }

  async dropCard(name: string): Promise<void> {
    await this.#pool.query('DELETE FROM desk_worker WHERE name = $1', [name]);
  }

  async cards(withinMs: number): Promise<readonly WorkerCard[]> {
    const sql = `SELECT card FROM desk_worker WHERE since > ${NOW} - $1::bigint ORDER BY name`;
    return (await this.#pool.query<{card: WorkerCard}>(sql, [withinMs])).rows.map(({card}) => card);
  }

  async now(): Promise<number> {
    const {rows} = await this.#pool.query<{now: string}>(`SELECT ${NOW} AS now`);
    return Number(rows[0]?.now);
  }

  /** BullMQ has said so when it took the job. */
  async announce(): Promise<void> {}

  async ring(): Promise<void> {
    await this.#pool.query('SELECT pg_notify($1, $2)', [ARRIVALS, '']);
  }

  async listen(arrived: () => void): Promise<void> {
    await this.#listener.listen(ARRIVALS, arrived);
  }

  async tidy(keepMs: number): Promise<readonly {readonly id: string; readonly lane: string}[]> {
    await this.#files.tidy();
    await this.#pool.query(`DELETE FROM desk_worker WHERE since < ${NOW} - 86400000`);
    await this.#pool.query(`DELETE FROM desk_job WHERE is_over AND not_after < ${NOW} - 86400000`);
    const {rows} = await this.#pool.query<{id: string; lane: string}>(
      `SELECT id, lane FROM desk_job WHERE NOT is_over AND greatest(since, not_after) < ${NOW} - $1::bigint LIMIT 1000`,
      [keepMs],
    );
    return rows;
  }
}
