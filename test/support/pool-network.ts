import {setUpPool} from '../../src/pool/engine/open.ts';
import {keyFilesIn, writeKey} from '../../src/pool/keys/key-files.ts';
import type {GroupKey} from '../../src/pool/seal/group-key.ts';
import type {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import {type CuttableProxy, startCuttableProxy} from './cuttable-proxy.ts';
import {startPostgres, type TestPostgres} from './postgres.ts';
import {createSandbox, type Sandbox} from './sandbox.ts';

const DATABASE = 'pool';
const ROLE = 'team';
/** Where a pool has its tables. */
export const SCHEMA = 'opencode_delegate';
/** What is there as long as the pool is. */
const LASTING = ['desk_version', 'migration'];

/** A real Postgres that has a pool. */
export class PoolDatabase {
  readonly postgres: TestPostgres;
  readonly #leaseSeconds: number | undefined;

  private constructor(postgres: TestPostgres, leaseSeconds: number | undefined) {
    this.postgres = postgres;
    this.#leaseSeconds = leaseSeconds;
  }

  /** @param leaseSeconds else a lease lasts as long as it does for people. */
  static async start(leaseSeconds?: number): Promise<PoolDatabase> {
    const postgres = await startPostgres();
    await postgres.create(DATABASE);
    await postgres.query(DATABASE, `CREATE ROLE ${ROLE} LOGIN`);
    await setUpPool(postgres.urlOf(DATABASE), {role: ROLE});
    return new PoolDatabase(postgres, leaseSeconds);
  }

  /** As a machine reaches it through a port of this machine. */
  urlAt(port: number): string {
    const lease = this.#leaseSeconds === undefined ? '' : `?lease=${this.#leaseSeconds}`;
    return `postgres://${ROLE}@127.0.0.1:${port}/${DATABASE}${lease}`;
  }

  query(sql: string): Promise<readonly Record<string, unknown>[]> {
    return this.postgres.query(DATABASE, sql);
  }

  /**
   * How many rows each table has that are not there for good: a note that a job was there stays for a while.
   * @param except delegations whose jobs are to be in the pool.
   */
  async rows(except: readonly string[] = []): Promise<Readonly<Record<string, number>>> {
    const tables = await this.query(`SELECT tablename FROM pg_tables WHERE schemaname = '${SCHEMA}'`);
    const names = tables.map(({tablename}) => String(tablename)).filter((name) => !LASTING.includes(name));
    const others = `id NOT LIKE ALL (ARRAY[${except.map((id) => `'%${id}%'`).join()}]::text[])`;
    const which: Readonly<Record<string, string>> = {
      desk_job: `NOT is_over AND ${others}`,
      ...{desk_letter: others, desk_file: others, job: others},
      desk_chunk: `upload IN (SELECT upload FROM ${SCHEMA}.desk_file WHERE ${others})`,
    };
    const counts = names.map(
      (name) =>
        `SELECT '${name}' AS name, count(*)::int AS count FROM ${SCHEMA}.${name} WHERE ${which[name] ?? 'true'}`,
    );
    const rows = await this.query(counts.join(' UNION ALL '));
    return Object.fromEntries(
      rows.flatMap(({name, count}) => (count === 0 ? [] : [[String(name), Number(count)]])),
    );
  }

  stop(): Promise<void> {
    return this.postgres.stop();
  }
}

/** A machine of a pool, with a network of its own to the database. */
export interface PoolMachine {
  readonly sandbox: Sandbox;
  readonly proxy: CuttableProxy;
  remove(): Promise<void>;
}

/** @param keys the owner's only where it is a client's machine. */
export async function createPoolMachine(
  database: PoolDatabase,
  {modelUrl, keys, config = {}}: MachineOptions,
): Promise<PoolMachine> {
  const proxy = await startCuttableProxy(database.postgres.port);
  const sandbox = createSandbox({modelUrl, config: {permission: 'allow', ...config}});
  Object.assign(sandbox.env, {
    OPENCODE_DELEGATE_POOL: database.urlAt(proxy.port),
    OPENCODE_DELEGATE_POOL_FETCH: 'file',
    OPENCODE_DELEGATE_TRUST: 'all',
  });
  const files = keyFilesIn(sandbox.env);
  writeKey(files.group, keys.group.toText());
  if (keys.owner !== undefined) writeKey(files.owner, keys.owner.toText());
  return {
    ...{sandbox, proxy},
    async remove() {
      await sandbox.remove();
      await proxy.close();
    },
  };
}

interface MachineOptions {
  readonly modelUrl: string;
  readonly keys: {readonly group: GroupKey; readonly owner?: OwnerKey};
  /** Merged into OpenCode's configuration. */
  readonly config?: Record<string, unknown>;
}
