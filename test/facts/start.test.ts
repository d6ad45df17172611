import {createServer} from 'node:net';
import {execa} from 'execa';
import getPort from 'get-port';
import {describe, expect, it, onTestFinished} from 'vitest';
import {TRANSIENT} from '../../src/opencode/server/server.ts';
import {createSandbox} from '../support/sandbox.ts';

describe('a server', () => {
  it('whose port is taken ends, in words that are known to pass', async () => {
    const sandbox = createSandbox();
    onTestFinished(() => sandbox.remove());
    const other = createServer();
    const port = await getPort({host: '127.0.0.1'});
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const {exitCode, all} = await execa(
      'opencode',
      ['serve', '--hostname', '127.0.0.1', '--port', String(port)],
      {
        cwd: sandbox.project,
        env: sandbox.env,
        ...{extendEnv: false, stdin: 'ignore', all: true, reject: false},
      },
    );
    expect(exitCode).toBe(1);
    expect(all).toMatch(TRANSIENT);
  });
});
