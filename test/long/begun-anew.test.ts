import {chmodSync, existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {untilActivity} from '../support/client.ts';
import {eventually, killAll, openCodeIn, signalEach} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {setScene} from '../support/scene.ts';

const DYING = fileURLToPath(new URL('../support/dying-opencode.js', import.meta.url));

describe('what was running, with nothing sent to the model', () => {
  it.each(['agent', 'worktree'] as const)(
    'runs in the next process when all was killed while its session was opened (%s)',
    async (access) => {
      const {model, sandbox, open} = await setScene(({prompt}) => ({text: `answer to ${prompt}`}));
      Repository.create(sandbox.project, {home: sandbox.root});
      const client = await open();
      await client.read(await client.delegate('warm'));
      signalEach(
        openCodeIn(sandbox.root).map(({pid}) => pid),
        'SIGSTOP',
      );
      const id = await client.delegate('nobody has heard this', {access});
      await eventually(async () => (await client.read(id, {wait_seconds: 0})).text.includes('running'));
      await killAll(sandbox.root);

      const read = await (await open()).read(id, {wait_seconds: 110});
      expect(read.blocks[1]).toBe('answer to nobody has heard this');
      expect(model.requests.map(({prompt}) => prompt)).toEqual(['warm', 'nobody has heard this']);
    },
  );

  it.each(['agent', 'worktree'] as const)(
    'runs in the next server when its own died as the prompt came (%s)',
    async (access) => {
      const {model, sandbox, open} = await setScene(({prompt}) => ({text: `answer to ${prompt}`}));
      Repository.create(sandbox.project, {home: sandbox.root});
      const binary = join(sandbox.root, 'dying opencode');
      const mark = join(sandbox.root, 'died');
      writeFileSync(binary, `#!/bin/sh\nexec "${process.execPath}" "${DYING}" "${mark}" "$@"\n`);
      chmodSync(binary, 0o755);
      const client = await open({env: {OPENCODE_DELEGATE_BIN: binary}});
      const id = await client.delegate('say it twice', {access});
      const read = await client.read(id, {wait_seconds: 110});
      expect(existsSync(mark)).toBe(true);
      expect(read.blocks[1]).toBe('answer to say it twice');
      expect(model.requests.map(({prompt}) => prompt)).toEqual(['say it twice']);
      // What is noted is the session that it really ran in.
      const again = await client.delegate('and once more', {continue: id});
      expect((await client.read(again, {wait_seconds: 110})).blocks[1]).toBe('answer to and once more');
      expect(JSON.stringify(model.requests.at(-1)?.messages)).toContain('answer to say it twice');
    },
  );

  it('an orderly end of its server interrupts it, and is no failure of the agent’s', async () => {
    const {sandbox, open} = await setScene(({prompt}) => ({stall: `Beginning of ${prompt}`}));
    const client = await open();
    const id = await client.delegate('cut off');
    await untilActivity(client, id, /writing/);
    signalEach(
      openCodeIn(sandbox.root).map(({pid}) => pid),
      'SIGTERM',
    );
    const read = await client.read(id, {wait_seconds: 110});
    expect(read.blocks[0]).toMatch(/ · interrupted · .*Go on with delegate\(continue: /s);
    expect(read.blocks[1]).toBe('Beginning of cut off');
  });
});
