import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {z} from 'zod';
import {askHost} from '../../src/link/connect.ts';
import {connect, type TestClient} from '../support/client.ts';
import {eventually} from '../support/processes.ts';
import {createSandbox, hostsIn, type Sandbox} from '../support/sandbox.ts';
import {connectRaw, HELLO, openRaw, type Raw} from './raw.ts';

const NONE = 'No delegations in this project yet.';
const {version} = z
  .object({version: z.string()})
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

describe('what a host is sent', () => {
  let sandbox: Sandbox;
  let client: TestClient;
  let address: string;
  let hello: string;

  beforeAll(async () => {
    sandbox = createSandbox();
    client = await connect(sandbox, {env: {OPENCODE_DELEGATE_HOST: 'on'}});
    const socket = readdirSync(sandbox.runtimeDir).find((name) => name.endsWith('.sock')) ?? '';
    address = join(sandbox.runtimeDir, socket);
    hello = HELLO(sandbox.project, version);
  });

  afterAll(async () => {
    await client.close();
    await sandbox.remove();
  });

  const connections = async () => {
    const answer = await askHost(address);
    return answer?.kind === 'status' ? answer.status.connections : undefined;
  };

  /** The one that behaves is served, by the same host, and nobody else is counted. */
  async function expectOthersServed(): Promise<void> {
    expect((await client.call('delegation_list')).text).toBe(NONE);
    await eventually(async () => (await connections()) === 1);
  }

  const openings: [string, (raw: Raw) => void][] = [
    ['garbage', ({socket}) => socket.write('GET / HTTP/1.1\r\n\r\n')],
    ['JSON that is no hello', ({socket}) => socket.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n')],
    ['a hello of another version', ({socket}) => socket.write(HELLO('/', '0.0.0'))],
    ['a hello without an end', ({socket}) => socket.write('x'.repeat(70_000))],
    ['half a hello and the end', ({socket}) => socket.end('{"opencode-delegate":1,"ver')],
    ['nothing and the end', ({socket}) => socket.end()],
  ];

  it.each(openings)('%s is cut off alone', async (_, send) => {
    const raw = await connectRaw(address);
    send(raw);
    raw.socket.resume();
    await raw.closed;
    await expectOthersServed();
  });

  it('a hello and requests in one piece are all answered', async () => {
    const raw = await connectRaw(address);
    const request = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":';
    const params =
      '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}';
    raw.socket.write(`${hello}${request}${params}}\n{"jsonrpc":"2.0","id":2,"method":"ping"}\n`);
    const [host] = hostsIn(sandbox.runtimeDir);
    expect(JSON.parse((await raw.next()) ?? '')).toEqual({welcome: true, pid: host});
    expect(JSON.parse((await raw.next()) ?? '')).toMatchObject({id: 1, result: {}});
    expect(JSON.parse((await raw.next()) ?? '')).toMatchObject({id: 2, result: {}});
    raw.socket.destroy();
    await expectOthersServed();
  });

  it('a line of 50 MB is cut off alone', async () => {
    const raw = await connectRaw(address);
    await openRaw(raw, hello);
    const chunk = 'x'.repeat(1_000_000);
    for (let sent = 0; sent < 50 && raw.socket.writable; sent++) {
      if (!raw.socket.write(chunk)) await Promise.race([drained(raw), raw.closed]);
    }
    await raw.closed;
    await expectOthersServed();
  });

  it('half a message and the end disturbs nobody', async () => {
    const raw = await connectRaw(address);
    await openRaw(raw, hello);
    raw.socket.end('{"jsonrpc":"2.0","id":1,"meth');
    await raw.closed;
    await expectOthersServed();
  });

  it('requests of a client that reads no answers cost neither the others nor endless memory', async () => {
    const before = residentMb();
    const raw = await connectRaw(address);
    await openRaw(raw, hello);
    raw.socket.pause();
    // Each answer has some thousand characters.
    const asking = (async () => {
      for (let id = 1; raw.socket.writable && id < 20_000; id++) {
        raw.request(id, 'tools/list', {});
        if (raw.socket.writableNeedDrain) await Promise.race([drained(raw), raw.closed]);
      }
    })();
    expect((await client.call('delegation_list')).text).toBe(NONE);
    await asking;
    raw.socket.resume();
    await raw.closed;
    expect(sandbox.hostLog()).toContain('it does not read its answers; it was cut off');
    await expectOthersServed();
    expect(residentMb() - before).toBeLessThan(200);
  });

  function residentMb(): number {
    const status = readFileSync(`/proc/${hostsIn(sandbox.runtimeDir)[0]}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
  }
});

function drained({socket}: Raw): Promise<void> {
  return new Promise((resolve) => socket.once('drain', () => resolve()));
}
