import {Refusal} from '../../base/errors.ts';

/** Where the tables are, unless the URL says `?schema=…`. */
export const DEFAULT_SCHEMA = 'opencode_delegate';

/** The version of the tables below. One that is newer is not used, one that is older is upgraded by the set-up. */
export const DESK_VERSION = 1;

/** The database's clock, in milliseconds since the epoch, as SQL. */
export const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** @throws Refusal when it is no plain name, which alone can be written into SQL. */
export function sqlName(name: string): string {
  if (!/^[A-Za-z_]\w{0,62}$/.test(name)) {
    throw new Refusal(
      `"${name}" is no name for a schema or role: letters, digits and underscores, at most 63.`,
    );
  }
  return `"${name}"`;
}

/** Our tables beside those of BullMQ, in the same schema. Changes nothing where they are. */
export function deskSql(schema: string): string {
  return `
SET LOCAL search_path TO ${sqlName(schema)};
CREATE TABLE IF NOT EXISTS desk_version (version integer NOT NULL);
INSERT INTO desk_version SELECT ${DESK_VERSION} WHERE NOT EXISTS (SELECT 1 FROM desk_version);

CREATE TABLE IF NOT EXISTS desk_job (
  id             text PRIMARY KEY,
  lane           text NOT NULL,
  owner          text NOT NULL,
  route          text NOT NULL,
  not_after      bigint NOT NULL,
  body           bytea,
  claim          text,
  claimed_at     bigint,
  result         bytea,
  is_done        boolean NOT NULL DEFAULT false,
  is_over        boolean NOT NULL DEFAULT false,
  changes        bigint NOT NULL DEFAULT 0,
  owner_letters  integer NOT NULL DEFAULT 0,
  worker_letters integer NOT NULL DEFAULT 0,
  since          bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS desk_job_waiting ON desk_job (lane)
  WHERE claim IS NULL AND NOT is_over AND NOT is_done;
CREATE INDEX IF NOT EXISTS desk_job_leased ON desk_job (lane)
  WHERE claim IS NOT NULL AND NOT is_over AND NOT is_done;
CREATE INDEX IF NOT EXISTS desk_job_owner ON desk_job (owner) WHERE NOT is_over;
CREATE INDEX IF NOT EXISTS desk_job_old ON desk_job (since);

CREATE TABLE IF NOT EXISTS desk_letter (
  id      text NOT NULL REFERENCES desk_job ON DELETE CASCADE,
  reader  text NOT NULL,
  number  integer NOT NULL,
  body    bytea NOT NULL,
  PRIMARY KEY (id, reader, number)
);

CREATE TABLE IF NOT EXISTS desk_file (
  upload   uuid PRIMARY KEY,
  id       text NOT NULL,
  name     text NOT NULL,
  chunks   integer,
  since    bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS desk_file_id ON desk_file (id);
CREATE UNIQUE INDEX IF NOT EXISTS desk_file_whole ON desk_file (id, name) WHERE chunks IS NOT NULL;

CREATE TABLE IF NOT EXISTS desk_chunk (
  upload  uuid NOT NULL REFERENCES desk_file ON DELETE CASCADE,
  number  integer NOT NULL,
  body    bytea NOT NULL,
  PRIMARY KEY (upload, number)
);
ALTER TABLE desk_chunk ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE IF NOT EXISTS desk_worker (
  name  text PRIMARY KEY,
  card  jsonb NOT NULL,
  since bigint NOT NULL
);
`;
}

/**
 * What the role of a group needs, and no more: it reads and writes rows, and makes, changes and drops nothing. Nobody
 * else gets into the schema, and only those who are named get into the database at all: who listens in a database
 * hears when something happens, though not what.
 */
export function grantsSql(given: {
  readonly schema: string;
  readonly role: string;
  readonly database: string;
}): string {
  const [schema, role] = [sqlName(given.schema), sqlName(given.role)];
  const database = `"${given.database.replaceAll('"', '""')}"`;
  return `
REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC;
GRANT CONNECT ON DATABASE ${database} TO ${role};
REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC;
GRANT USAGE ON SCHEMA ${schema} TO ${role};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${schema} FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role};
REVOKE INSERT, UPDATE, DELETE ON ${schema}.migration, ${schema}.desk_version FROM ${role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role};
`;
}
