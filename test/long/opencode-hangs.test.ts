import {chmodSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {showsActivity, untilActivity, withLimitAfter} from '../support/client.ts';
import {eventually, openCodeIn, signalEach} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';

/** It takes connections as before, and answers none of them. */
function hang({root}: Sandbox): () => void {
  const pids = openCodeIn(root).map(({pid}) => pid);
  expect(pids).not.toEqual([]);
  signalEach(pids, 'SIGSTOP');
  const wake = () => void signalEach(pids, 'SIGCONT');
  onTestFinished(wake);
  return wake;
}

describe('an OpenCode that answers nothing any more', () => {
  const ONE_AT_ONCE = {env: {OPENCODE_DELEGATE_CONCURRENCY: '1'}};

  it.each(['agent', 'worktree'] as const)(
    'while a session is opened (%s): cancel and the time limit are told, the slot is given away, and nothing was asked of the model',
    async (access) => {
      const {model, sandbox, open} = await setScene(
        ({prompt}) => ({text: `answer to ${prompt}`}),
        ONE_AT_ONCE,
      );
      if (access === 'worktree') Repository.create(sandbox.project, {home: sandbox.root});
      const client = await open();
      await client.read(await client.delegate('warm'));
      const wake = hang(sandbox);

      const late = await client.delegate('too late', {access, timeout_minutes: 0.03});
      expect((await client.read(late, {wait_seconds: 30})).text).toContain(`${late} · timeout`);
      const unwanted = await client.delegate('unwanted', {access});
      await eventually(async () => (await client.read(unwanted, {wait_seconds: 0})).text.includes('running'));
      const answer = await client.call('delegation_cancel', {id: unwanted});
      expect(answer.text).toContain('cancelled');
      const next = await client.delegate('next');
      wake();
      expect((await client.read(next, {wait_seconds: 60})).blocks[1]).toBe('answer to next');
      expect(model.requests.map(({prompt}) => prompt)).toEqual(['warm', 'next']);
    },
  );

  it('while an agent works in a worktree: cancel and the time limit are told', async () => {
    const {sandbox, open} = await setScene(({prompt}) => ({stall: `Beginning of ${prompt}`}));
    Repository.create(sandbox.project, {home: sandbox.root});
    const client = await open();
    const unwanted = await client.delegate('unwanted', {access: 'worktree'});
    await untilActivity(client, unwanted, /writing/);
    const late = await withLimitAfter(
      (minutes) => client.delegate('too late', {access: 'worktree', timeout_minutes: minutes}),
      (id) => showsActivity(client, id, /writing/),
    );
    hang(sandbox);
    const cancelled = await client.call('delegation_cancel', {id: unwanted});
    expect(cancelled.text).toContain(`${unwanted} is cancelled`);
    expect((await client.read(unwanted)).blocks[1]).toBe('Beginning of unwanted');
    const read = await client.read(late, {wait_seconds: 60});
    expect(read.blocks[0]).toContain(`${late} · timeout`);
    expect(read.blocks[1]).toBe('Beginning of too late');
  });

  it('whose event stream never opens is told as that', async () => {
    const {sandbox, open} = await setScene();
    const binary = join(sandbox.root, 'silent');
    writeFileSync(
      binary,
      `#!${process.execPath}
require('node:http').createServer((request, response) => {
  if (request.url.startsWith('/global/event')) return;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({healthy: true, version: '1.18.33'}));
}).listen(Number(process.argv[process.argv.indexOf('--port') + 1]), '127.0.0.1', () => console.log('server listening on'));
`,
    );
    chmodSync(binary, 0o755);
    const client = await open({env: {OPENCODE_DELEGATE_BIN: binary}});
    const {text} = await client.call('delegate', {prompt: 'p'});
    expect(text).toMatch(
      /OpenCode went away 4 times .*: it has not opened its event stream within \d+ s\. Nothing was started/,
    );
  });
});
