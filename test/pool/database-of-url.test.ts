import {expect, it} from 'vitest';
import {databaseOf} from '../../src/pool/client/database-of-url.ts';

const OF_ONE = [
  'postgres://team:secret@db.example.com/pool',
  'postgres://team:changed%23@db.example.com/pool',
  'postgresql://others@DB.example.com:5432/pool?sslmode=verify-full&sslrootcert=/ca.pem',
  'postgres://db.example.com/pool?lease=600&user=team&password=secret&connect_timeout=5',
];

it.each(OF_ONE)('what has begun is found where one logs in otherwise: %s', (url) => {
  expect(databaseOf(url)).toBe(databaseOf(OF_ONE[0] ?? ''));
});

it.each([
  'postgres://team:secret@db.example.com/other',
  'postgres://team:secret@db.example.com:5433/pool',
  'postgres://team:secret@two.example.com/pool',
  'postgres://team:secret@db.example.com/pool?schema=others',
  'redis://team:secret@db.example.com/pool',
  'no URL at all',
])('another pool has another name: %s', (url) => {
  expect(databaseOf(url)).not.toBe(databaseOf(OF_ONE[0] ?? ''));
});

it('a Redis is the same with and without TLS, as Valkey too, and each of its numbers and prefixes is another', () => {
  const one = databaseOf('redis://cache/1?prefix=a');
  expect(databaseOf('rediss://:secret@cache:6379/1?prefix=a')).toBe(one);
  expect(databaseOf('valkey://cache/1?prefix=a')).toBe(one);
  expect(databaseOf('redis://cache/2?prefix=a')).not.toBe(one);
  expect(databaseOf('redis://cache/1?prefix=b')).not.toBe(one);
});
