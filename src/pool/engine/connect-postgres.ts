import type {IQueueBackend, PostgresQueueBackend} from 'bullmq';
import type {Client, ClientConfig} from 'pg';
import {messageOf, Refusal} from '../../base/errors.ts';
import type {Logger} from '../../base/log.ts';
import {NAME} from '../../base/name.ts';
import {BullPool} from './bull-pool.ts';
import {faultOf, inWords} from './faults.ts';
import {LeaseLines} from './lease-lines.ts';
import {PostgresDesk} from './postgres-desk.ts';
import {PostgresListener} from './postgres-listener.ts';
import {DEFAULT_SCHEMA, DESK_VERSION, deskSql, grantsSql, sqlName} from './postgres-schema.ts';
import type {Times} from './times.ts';

/** How many connections a machine has at most, beside the one that listens. Those that are idle are closed. */
const CONNECTIONS = 4;

/** The database and the schema that a URL names. */
function placeOf(url: string): {readonly connectionString: string; readonly schema: string} {
  const parsed = new URL(url);
  const schema = parsed.searchParams.get('schema') ?? DEFAULT_SCHEMA;
  sqlName(schema);
  parsed.searchParams.delete('schema');
  return {connectionString: parsed.href, schema};
}

/** Connects to a pool in Postgres. */
export async function connectPostgres(url: string, times: Times, log?: Logger): Promise<BullPool> {
  const {connectionString, schema} = placeOf(url);
  const [bull, {default: pg}] = await Promise.all([import('bullmq'), import('pg')]);
  const config = {
    connectionString,
    keepAlive: true,
    connectionTimeoutMillis: times.answerMs,
    query_timeout: times.answerMs,
    application_name: NAME,
    options: `-c search_path=${sqlName(schema)}`,
  } satisfies ClientConfig;
  await inWords(() => isSetUp(new pg.Client(config), schema));

  const connection = {...config, options: undefined, schema, max: CONNECTIONS};
  const options = {
    connection,
    lockDuration: times.leaseMs,
    maxStalledCount: 0,
    stalledInterval: times.sweepMs,
  };
  const backend: PostgresQueueBackend = bull.createPostgresBackend('pool', options as never);
  backend.on('error', () => {});
  const pool = new pg.Pool({...config, max: CONNECTIONS});
  pool.on('error', () => {});
  const listener = new PostgresListener(() => new pg.Client(config));
  const desk = new PostgresDesk(pool, listener);
  const lines = new LeaseLines({bull, backend: backend as IQueueBackend, leaseMs: times.leaseMs});
  const queue = new BullPool({
    desk,
    lines,
    times,
    log,
    release: async () => {
      await listener.close();
      await lines.close();
      await pool.end();
    },
  });
  try {
    // BullMQ remembers for ever that this has failed, so it must not be left to the first job.
    await inWords(() => backend.waitUntilReady());
    return queue;
  } catch (error) {
    await queue.close();
    throw error;
  }
}

/** Makes the tables, and gives a role what it needs. */
export async function setUpPostgres(url: string, role: string | undefined): Promise<void> {
  const {connectionString, schema} = placeOf(url);
  const [bull, {default: pg}] = await Promise.all([import('bullmq'), import('pg')]);
  const client = new pg.Client({connectionString});
  await inWords(async () => {
    try {
      await client.connect();
      await bull.runMigrations(client, schema);
      await client.query('BEGIN');
      await client.query(`SELECT pg_advisory_xact_lock(hashtext('${NAME} set-up'))`);
      await client.query(deskSql(schema));
      if (role !== undefined) {
        await client.query(grantsSql({schema, role, database: client.database ?? 'postgres'}));
      }
      await client.query('COMMIT');
    } catch (error) {
      throw inWordsOfSetUp(error, role);
    } finally {
      await client.end();
    }
  });
}

/** What a person has to change before it can be set up. */
function inWordsOfSetUp(cause: unknown, role: string | undefined): unknown {
  const {code} = cause as {code?: unknown};
  if (code === '42501') {
    return new Refusal(
      `The role of this URL may not do that (${messageOf(cause)}). Give the URL of one that may create a schema, such as the owner of the database.`,
      {cause},
    );
  }
  if (code !== '42704' || role === undefined) return cause;
  return new Refusal(
    `This Postgres has no role "${role}". Make it first: CREATE ROLE "${role}" LOGIN PASSWORD '…'.`,
    {cause},
  );
}

/** @throws Refusal when there are no tables, or those of a newer version. */
async function isSetUp(client: Client, schema: string): Promise<void> {
  // What it says once it is connected is said by its queries as well.
  client.on('error', () => {});
  try {
    await client.connect();
    const {rows} = await client.query<{version: number}>('SELECT version FROM desk_version');
    const version = rows[0]?.version ?? 0;
    if (version === DESK_VERSION) return;
    throw new Refusal(
      version > DESK_VERSION
        ? `The pool's tables are of version ${version}, and this ${NAME} knows ${DESK_VERSION}: upgrade it.`
        : `The pool's tables are of version ${version}, and this ${NAME} needs ${DESK_VERSION}: set the pool up again.`,
    );
  } catch (error) {
    // No such table, or a schema that this role may not look into.
    if (/^(42P01|42501|3F000)$/.test(String((error as {code?: unknown}).code))) {
      throw new Refusal(
        `The database has no pool in the schema "${schema}" that this role may use. Set it up with a role that may create a schema: \`opencode-delegate pool setup --pool URL --role NAME\`.`,
        {cause: error},
      );
    }
    throw faultOf(error);
  } finally {
    await client.end().catch(() => {});
  }
}
