import {expect, it} from 'vitest';
import {faultOf} from '../../src/pool/engine/faults.ts';
import {openQueue} from '../../src/pool/engine/open.ts';
import {PoolFull, PoolUnreachable} from '../../src/pool/queue/errors.ts';

function said(message: string, code?: string): unknown {
  return faultOf(Object.assign(new Error(message), code !== undefined && {code}));
}

it.each([
  ['28P01', 'password authentication failed for user "team"'],
  ['28000', 'role "team" is not permitted to log in'],
  ['3D000', 'database "pool" does not exist'],
  [undefined, 'WRONGPASS invalid username-password pair or user is disabled.'],
  [undefined, 'NOAUTH Authentication required.'],
])(
  'what is refused for its login (%s) is done later: a password is changed while agents work',
  (code, words) => {
    const fault = said(words, code);
    expect(fault).toBeInstanceOf(PoolUnreachable);
    expect(String(fault)).toContain(words);
    expect(String(fault)).toContain('look at the user, the password and the database');
  },
);

it.each(['40001', '40P01', '53400', '55P03', '57014', '57P01', '58030', '08006', '25006'])(
  'what a database could not come to an end with (%s) is done later',
  (code) => expect(said('it could not', code)).toBeInstanceOf(PoolUnreachable),
);

it('what will never work is thrown as it is, and a full database is told from one that is away', () => {
  const [wrong, full] = [said('syntax error', '42601'), said('disk full', '53100')];
  expect(wrong).not.toBeInstanceOf(PoolUnreachable);
  expect(full).toBeInstanceOf(PoolFull);
});

it('a URL that cannot be read says how a password is written in one, and nothing of the password', async () => {
  const opening = openQueue({url: 'postgres://team:pass#word@db.example.com/pool'});
  await expect(opening).rejects.toThrow(/^(?!.*word@).*# as %23/);
});
