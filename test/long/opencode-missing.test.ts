import {chmodSync, existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {ERAS} from '../support/client.ts';
import {allGone, openCodeIn} from '../support/processes.ts';
import {NPM_BIN} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import {shareHome} from '../support/shared-home.ts';

describe('an OpenCode that cannot be used', () => {
  const home = shareHome();

  async function start(env: (folder: string) => Record<string, string>) {
    const {sandbox, open} = home.scene();
    const client = await open({env: env(sandbox.project)});
    return {client, sandbox};
  }

  function script(file: string, text: string): string {
    writeFileSync(file, text);
    chmodSync(file, 0o755);
    return file;
  }

  it('is named with its cure when the binary is missing, and is found once it is there', async () => {
    const {client, sandbox} = await start((folder) => ({
      OPENCODE_DELEGATE_BIN: join(folder, 'bin', 'my opencode'),
    }));
    const answer = await client.call('delegate', {prompt: 'p'});
    expect(answer).toMatchObject({
      isError: true,
      text: expect.stringMatching(
        /^OPENCODE_DELEGATE_BIN names ".*my opencode", which is not an executable file\. Name one that is, or unset it/,
      ),
    });
    expect((await client.call('delegation_list')).text).toContain('No delegations');

    mkdirSync(join(sandbox.project, 'bin'));
    script(join(sandbox.project, 'bin', 'my opencode'), '#!/bin/sh\nexec opencode "$@"\n');
    const id = await client.delegate('Now it works');
    expect((await client.read(id)).blocks[1]).toBe('done');
  });

  it('is not looked for when a client lists what there is, as `claude mcp list` does', async () => {
    const {sandbox, open} = await setScene();
    // A second look finds what a delegation has left: what OpenCode offers, and a record.
    for (const hasDelegated of [false, true]) {
      for (const era of ERAS) {
        const started = join(sandbox.root, `started ${hasDelegated} ${era}`);
        const binary = script(
          join(sandbox.root, 'marked'),
          `#!/bin/sh\ntouch "${started}"\nexec opencode "$@"\n`,
        );
        const client = await open({era, env: {OPENCODE_DELEGATE_BIN: binary}});
        await client.tools();
        await client.call('delegation_list');
        await client.close();
        // The host as well: nothing starts any more that was only to come later.
        await allGone(sandbox.root);
        expect(existsSync(started)).toBe(false);
      }
      if (hasDelegated) return;
      const other = await open();
      await other.read(await other.delegate('Leave a record'));
      await other.close();
      await allGone(sandbox.root);
    }
  });

  it('is found in the opencode-ai package beside us when PATH has none', async () => {
    const {client, sandbox} = await start(() => ({PATH: '/usr/bin:/bin'}));
    const before = openCodeIn(sandbox.root).length;
    const id = await client.delegate('From the package');
    expect((await client.read(id)).blocks[1]).toBe('done');
    expect(openCodeIn(sandbox.root)).toHaveLength(before + 1);
  });

  it('is refused in its own words when it cannot start', async () => {
    const {client} = await start((folder) => ({
      OPENCODE_DELEGATE_BIN: script(
        join(folder, 'broken'),
        '#!/bin/sh\necho "Error: no space for the database" >&2\nexit 3\n',
      ),
    }));
    const answer = await client.call('delegate', {prompt: 'p'});
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(
      /^OpenCode could not start: it exited with code 3\. It said: Error: no space for the database Run `.*broken serve` to see it for yourself/s,
    );
  });

  /** What happens at the first starts, by their number; after them it is OpenCode itself that starts. */
  const afterwards = (folder: string, mishaps: readonly string[]) =>
    script(
      join(folder, 'mishaps'),
      `#!/bin/sh
echo >> "${join(folder, 'starts')}"
case $(wc -l < "${join(folder, 'starts')}") in
${mishaps.map((mishap, n) => `  ${n + 1}) ${mishap} ;;`).join('\n')}
esac
exec "${join(NPM_BIN, 'opencode')}" "$@"
`,
    );

  it('is started again when it is killed while it starts, or goes away as it is asked', async () => {
    const {client} = await start((folder) => {
      const vanishing = (path: string) =>
        script(
          join(folder, `vanishing at${path.replaceAll('/', ' ')}`),
          `#!${process.execPath}
require('node:http').createServer((request, response) => {
  if (request.url.startsWith('${path}')) process.exit(0);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({healthy: true, version: '1.18.33'}));
}).listen(Number(process.argv[process.argv.indexOf('--port') + 1]), '127.0.0.1', () => console.log('server listening on'));
`,
        );
      return {
        OPENCODE_DELEGATE_BIN: afterwards(folder, [
          'kill -9 $$',
          `exec "${vanishing('/global/health')}" "$@"`,
          `exec "${vanishing('/global/event')}" "$@"`,
        ]),
      };
    });
    const id = await client.delegate('In spite of it all');
    expect((await client.read(id)).blocks[1]).toBe('done');
  });

  it('that is killed each time it starts is told as that, and nothing is said to be wrong with it', async () => {
    const {client} = await start((folder) => ({
      OPENCODE_DELEGATE_BIN: script(join(folder, 'killed'), '#!/bin/sh\nkill -9 $$\n'),
    }));
    const {text} = await client.call('delegate', {prompt: 'p'});
    expect(text).toMatch(/^OpenCode could not start: it was ended by SIGKILL, 4 times in a row\./);
    expect(text).not.toMatch(/mend|configuration/i);
  });

  it('that exits with a high code of its own is not said to be killed', async () => {
    const {client} = await start((folder) => ({
      OPENCODE_DELEGATE_BIN: script(join(folder, 'exits'), '#!/bin/sh\nexit 255\n'),
    }));
    const {text} = await client.call('delegate', {prompt: 'p'});
    expect(text).toMatch(/^OpenCode could not start: it exited with code 255\./);
  });

  it('that answers with a page is not said to be too old', async () => {
    const {client} = await start((folder) => ({
      OPENCODE_DELEGATE_BIN: script(
        join(folder, 'page'),
        `#!${process.execPath}
require('node:http').createServer((_, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<html>Hello</html>');
}).listen(Number(process.argv[process.argv.indexOf('--port') + 1]), '127.0.0.1', () => console.log('server listening on'));
`,
      ),
    }));
    const {text} = await client.call('delegate', {prompt: 'p'});
    expect(text).toMatch(/page does not say its version.*; version 1\.18 or later, before 2, is needed/);
  });

  // No old release is at hand that can be run beside the current one, so this stands in for its answers.
  it.each([
    ['too old', '1.2.27', /is version 1\.2\.27; version 1\.18 or later, before 2, is needed/],
    ['too new', '2.0.1', /is version 2\.0\.1; version 1\.18 or later, before 2, is needed/],
  ])('is refused when it is %s, with how to get another', async (_, version, message) => {
    const {client} = await start((folder) => ({
      OPENCODE_DELEGATE_BIN: script(
        join(folder, 'other-version'),
        `#!${process.execPath}
const server = require('node:http').createServer((_, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({healthy: true, version: '${version}'}));
});
const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
server.listen(port, '127.0.0.1', () => console.log('opencode server listening on http://127.0.0.1:' + port));
`,
      ),
    }));
    const answer = await client.call('delegate', {prompt: 'p'});
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(message);
    expect(answer.text).toContain('opencode-delegate install opencode');
    expect(answer.text).toContain('npm install -g opencode-ai@1');
  });

  it('tells what is wrong with a broken user configuration, and works once it is mended', async () => {
    const {sandbox, open} = await setScene();
    const client = await open();
    sandbox.configure('{"model": 42, "agent": [}');
    const answer = await client.call('delegate', {prompt: 'p'});
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(/opencode\.json/);
    sandbox.configure(sandbox.config);
    const id = await client.delegate('Mended');
    expect((await client.read(id)).blocks[1]).toBe('done');
  });

  it('tells what is wrong with a broken project configuration, and works once it is mended', async () => {
    const {client, sandbox} = await start(() => ({}));
    const file = join(sandbox.project, 'opencode.json');
    writeFileSync(file, '{"agent": {"build": {"mode": "boss"}}}');
    const answer = await client.call('delegate', {prompt: 'p'});
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(
      /^OpenCode could not read its configuration for .*my project: .*opencode\.json/,
    );
    writeFileSync(file, '{}');
    const id = await client.delegate('Mended');
    expect((await client.read(id)).blocks[1]).toBe('done');
  });

  it('leaves what the user has in OPENCODE_CONFIG_CONTENT and OPENCODE_PERMISSION in force', async () => {
    const {client} = await start(() => ({
      OPENCODE_CONFIG_CONTENT: '{"agent": {"mine": {"mode": "primary", "prompt": "Mine."}}, /* as JSONC */}',
      OPENCODE_PERMISSION: '{"bash": "deny"}',
    }));
    const answer = await client.call('delegate', {prompt: 'p', agent: 'mine'});
    expect(answer.text).toContain('agent mine');
  });

  it('is not started when one of those two cannot be read', async () => {
    const {client} = await start(() => ({OPENCODE_CONFIG_CONTENT: '{"agent": '}));
    const answer = await client.call('delegate', {prompt: 'p'});
    expect(answer).toMatchObject({
      isError: true,
      text: expect.stringContaining('OPENCODE_CONFIG_CONTENT in the environment is not a JSON object'),
    });
  });
});
