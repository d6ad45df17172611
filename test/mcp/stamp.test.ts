import {describe, expect, it} from 'vitest';
import {type Issued, STAMP_KEY, type Stamp, seal} from '../../src/contract/stamp.ts';
import {Stamps} from '../../src/mcp/connection/stamps.ts';
import {FakeLog} from '../support/fakes.ts';

const SECRET = 'a secret of the plugin';
const CALLER: Stamp = {session: 'ses_1', pid: 42, isChild: false};
const ISSUED: Issued = {stamp: CALLER, nonce: 'one', directory: '/shop/src'};

/** One connection, of a client that works in the project of /shop. */
function connection(secret: string | undefined = SECRET) {
  const log = new FakeLog();
  const projectOf = async (directory: string) => (directory.startsWith('/shop') ? 'shop' : 'another');
  const stamps = new Stamps({secret, projectOf, log});
  const issuedIn = (stamp: unknown) =>
    stamps.callerOf(stamp === undefined ? {} : {[STAMP_KEY]: stamp}, async () => 'shop');
  const callerOf = async (stamp: unknown) => (await issuedIn(stamp))?.stamp;
  return {callerOf, issuedIn, log};
}

/** As the plugin seals it. */
const sealed = (given: unknown = ISSUED, secret = SECRET) => seal(given as Issued, secret);

it('a call without a stamp, as of every other client, has no caller', async () => {
  const {callerOf, log} = connection();
  expect(await callerOf(undefined)).toBeUndefined();
  expect(log.lines).toEqual([]);
});

it('a stamp says who calls, and nothing of what the plugin does not know', async () => {
  const {callerOf, log} = connection();
  const full = {...CALLER, message: 'msg_1', agent: 'plan', model: 'a/b/c', variant: 'high'};
  expect(await callerOf(sealed({...ISSUED, stamp: full}))).toEqual(full);
  expect(await callerOf(sealed({...ISSUED, nonce: 'two', more: 1}))).toEqual(CALLER);
  expect(log.lines).toEqual([]);
});

it('a stamp says what the OpenCode that calls has loaded, and where', async () => {
  const {issuedIn} = connection();
  expect(await issuedIn(sealed({...ISSUED, loaded: 'a digest'}))).toEqual({...ISSUED, loaded: 'a digest'});
  expect(await issuedIn(sealed({...ISSUED, nonce: 'two'}))).toEqual({...ISSUED, nonce: 'two'});
});

describe('a stamp is as none', () => {
  const {said, proof} = sealed();
  const other = sealed({...ISSUED, stamp: {...CALLER, session: 'ses_2'}}, 'a guess');

  it.each([
    ['that anybody could write', CALLER, 'it is not from the plugin'],
    ['that is no object', 'ses_1', 'it is not from the plugin'],
    ['without proof', {said}, 'it is not from the plugin'],
    ['with an empty proof', {said, proof: ''}, 'it is not from the plugin'],
    ['with a proof that is cut off', {said, proof: proof.slice(0, -2)}, 'it is not from the plugin'],
    ['that another secret has sealed', other, 'it is not from the plugin'],
    ['with the proof of another session', {...other, proof}, 'it is not from the plugin'],
    ['of another project', sealed({...ISSUED, directory: '/elsewhere'}), 'works in another project'],
    [
      'with a session that would leave its folder',
      sealed({...ISSUED, stamp: {...CALLER, session: '../ses_1'}}),
      'session',
    ],
    ['with no process', sealed({...ISSUED, stamp: {...CALLER, pid: 0}}), 'pid'],
    ['with a model without provider', sealed({...ISSUED, stamp: {...CALLER, model: 'model'}}), 'model'],
  ])('%s, and the log says why', async (_, stamp, why) => {
    const {callerOf, log} = connection();
    expect(await callerOf(stamp)).toBeUndefined();
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toMatch(/^warn the caller's stamp is ignored: /);
    expect(log.lines[0]).toContain(why);
  });

  it('on a connection that no plugin has set up', async () => {
    const {callerOf, log} = connection('');
    expect(await callerOf(sealed(ISSUED, ''))).toBeUndefined();
    expect(log.lines).toEqual([`warn the caller's stamp is ignored: no plugin has set up this connection`]);
  });

  it('when it comes a second time', async () => {
    const {callerOf, log} = connection();
    expect(await callerOf(sealed())).toEqual(CALLER);
    expect(await callerOf(sealed())).toBeUndefined();
    expect(log.lines).toEqual([`warn the caller's stamp is ignored: it was used before`]);
  });
});

it('the log has each reason once, however often somebody tries', async () => {
  const {callerOf, log} = connection();
  for (let n = 0; n < 100; n++) await callerOf({...CALLER, session: `ses_${n}`});
  expect(log.lines).toHaveLength(1);
});
