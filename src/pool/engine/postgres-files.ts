import {randomUUID} from 'node:crypto';
import type {Pool} from 'pg';
import {FileMissing, JobOver} from '../queue/errors.ts';
import {LEFT_OVER_MS, type Upload} from './desk.ts';
import {NOW} from './postgres-schema.ts';

/** Files in Postgres, in chunks. */
export class PostgresFiles {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async upload(id: string, name: string): Promise<Upload> {
    const upload = randomUUID();
    const {rowCount} = await this.#pool.query(
      `INSERT INTO desk_file (upload, id, name, since) SELECT $1, $2, $3, ${NOW}
        WHERE NOT EXISTS (SELECT 1 FROM desk_job WHERE id = $2 AND is_over)`,
      [upload, id, name],
    );
    if (rowCount === 0) throw new JobOver(id);
    let chunks = 0;
    return {
      add: async (chunk) => {
        await this.#pool.query('INSERT INTO desk_chunk (upload, number, body) VALUES ($1, $2, $3)', [
          upload,
          chunks++,
          Buffer.from(chunk),
        ]);
      },
      finish: async () => {
        if (!(await this.#finish({upload, id, name, chunks}))) throw new JobOver(id);
      },
      drop: async () => {
        await this.#pool.query('DELETE FROM desk_file WHERE upload = $1', [upload]);
      },
    };
  }

  async download(id: string, name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const {rows} = await this.#pool.query<{upload: string; chunks: number}>(
      'SELECT upload, chunks FROM desk_file WHERE id = $1 AND name = $2 AND chunks IS NOT NULL',
      [id, name],
    );
    const file = rows[0];
    return file === undefined ? undefined : this.#chunks({...file, id, name});
  }

  async tidy(): Promise<void> {
    await this.#pool.query(
      `DELETE FROM desk_file WHERE since < ${NOW} - ${LEFT_OVER_MS}
          AND (chunks IS NULL OR NOT EXISTS (SELECT 1 FROM desk_job WHERE desk_job.id = desk_file.id AND NOT is_over))`,
    );
  }

  /** In one transaction, so that there always is the earlier one or this one. @returns false where the job is over. */
  async #finish(file: {upload: string; id: string; name: string; chunks: number}): Promise<boolean> {
    const client = await this.#pool.connect();
    let failed: Error | undefined;
    // The query that it breaks says so.
    const broken = () => {};
    client.on('error', broken);
    try {
      await client.query('BEGIN');
      // Two who put a file of one name take turns.
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`${file.id}/${file.name}`]);
      await client.query('DELETE FROM desk_file WHERE id = $1 AND name = $2 AND chunks IS NOT NULL', [
        file.id,
        file.name,
      ]);
      const {rowCount} = await client.query(
        `UPDATE desk_file SET chunks = $2 WHERE upload = $1
            AND NOT EXISTS (SELECT 1 FROM desk_job WHERE id = $3 AND is_over)`,
        [file.upload, file.chunks, file.id],
      );
      await client.query(rowCount === 0 ? 'ROLLBACK' : 'COMMIT');
      return rowCount !== 0;
    } catch (error) {
      failed = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      // A connection in the middle of a transaction is of no use to the next one.
      client.off('error', broken);
      client.release(failed);
    }
  }

  async *#chunks(file: {
    upload: string;
    chunks: number;
    id: string;
    name: string;
  }): AsyncIterable<Uint8Array> {
    for (let number = 0; number < file.chunks; number++) {
      const {rows} = await this.#pool.query<{body: Buffer}>(
        'SELECT body FROM desk_chunk WHERE upload = $1 AND number = $2',
        [file.upload, number],
      );
      const body = rows[0]?.body;
      // Another one has taken its place meanwhile, or the job was forgotten.
      if (body === undefined) throw new FileMissing(file.id, file.name);
      yield new Uint8Array(body);
    }
  }
}
