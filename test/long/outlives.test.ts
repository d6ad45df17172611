import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {untilActivity} from '../support/client.ts';
import {createGate, type Gate} from '../support/gate.ts';
import {allGone, eventually, openCodeIn, processesIn, signalEach} from '../support/processes.ts';
import {delegateAll} from '../support/running.ts';
import {hostsIn as locksIn, type Sandbox} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import type {Script} from '../support/scripted-model.ts';

/** What outlives the client needs the host, so these run with it whatever the rest of the suite runs with. */
const HOST = {env: {OPENCODE_DELEGATE_HOST: 'on'}};

describe('work that outlives its client', () => {
  /** Answers when the gate opens. */
  function gated(): {gate: Gate; script: Script} {
    const gate = createGate();
    return {
      gate,
      script: async ({prompt}) => {
        await gate.opened;
        return {text: `answer to ${prompt}`};
      },
    };
  }

  const numbered = (word: string, count: number) => Array.from({length: count}, (_, n) => `${word} ${n + 1}`);

  it('a client that is killed while five run finds all five complete when it comes back, each asked once', async () => {
    const {gate, script} = gated();
    const {model, open} = await setScene(script, HOST);
    const first = await open();
    const prompts = numbered('piece', 5);
    const ids = await Promise.all(prompts.map((prompt) => first.delegate(prompt)));
    await Promise.all(prompts.map((prompt) => model.asked((request) => request.prompt === prompt)));
    process.kill(first.pid, 'SIGKILL');
    gate.open();

    const second = await open();
    const answers = await Promise.all(ids.map((id) => second.read(id, {wait_seconds: 60})));
    expect(answers.map(({blocks}) => blocks[1])).toEqual(prompts.map((prompt) => `answer to ${prompt}`));
    expect(model.requests.map(({prompt}) => prompt).sort()).toEqual(prompts);
  });

  it('with nobody there the work completes, its files are there, and then nothing is left running', async () => {
    const {gate, script} = gated();
    const {model, sandbox, open} = await setScene(script, HOST);
    const client = await open();
    const ids = await Promise.all(numbered('piece', 3).map((prompt) => client.delegate(prompt)));
    await model.asked(({prompt}) => prompt === 'piece 3');
    await client.close();
    gate.open();
    await allGone(sandbox.root);

    const [project = ''] = readdirSync(sandbox.dataDir).filter((name) => !name.startsWith('.'));
    for (const id of ids) {
      expect(readFileSync(join(sandbox.dataDir, project, `${id}.md`), 'utf8')).toMatch(
        /\nstatus: completed\n[\s\S]*answer to piece/,
      );
    }
    expect(readdirSync(sandbox.runtimeDir)).toEqual([]);
  });

  it('a host that is killed takes OpenCode along; the client goes on, what ran is settled, what waited runs', async () => {
    const {model, sandbox, open} = await setScene(
      ({prompt}) =>
        prompt.startsWith('run') ? {stall: `Beginning of ${prompt}`} : {text: `answer to ${prompt}`},
      HOST,
    );
    const client = await open({env: {OPENCODE_DELEGATE_CONCURRENCY: '5'}});
    const running = await delegateAll(client, numbered('run', 5));
    const waiting: string[] = [];
    for (const prompt of numbered('wait', 10)) waiting.push(await client.delegate(prompt));
    const servers = openCodeIn(sandbox.root).map(({pid}) => pid);
    signalEach(
      hostsIn(sandbox).map(({pid}) => pid),
      'SIGKILL',
    );
    await eventually(() => !openCodeIn(sandbox.root).some(({pid}) => servers.includes(pid)));

    // The same client, over the same pipe.
    const interrupted = await Promise.all(running.map((id) => client.read(id, {wait_seconds: 60})));
    for (const {blocks} of interrupted)
      expect(blocks[0]).toMatch(/ · interrupted · .*The process that ran it \(\d+\) is gone/s);
    const answers = await Promise.all(waiting.map((id) => client.read(id, {wait_seconds: 60})));
    expect(answers.map(({blocks}) => blocks[1])).toEqual(
      numbered('wait', 10).map((prompt) => `answer to ${prompt}`),
    );
    expect(model.requests.filter(({prompt}) => prompt.startsWith('wait'))).toHaveLength(10);
  });

  it('a call that meets a host which ends is taken by the next one, and done once', async () => {
    const {model, sandbox, open} = await setScene(
      ({prompt}) => (prompt === 'run' ? {stall: 'Beginning'} : {text: `answer to ${prompt}`}),
      HOST,
    );
    const client = await open();
    const running = await client.delegate('run');
    await untilActivity(client, running, /writing/);
    const [server] = openCodeIn(sandbox.root);
    const [host] = hostsIn(sandbox);
    // It takes a while to end: OpenCode tells it nothing.
    process.kill(server?.pid ?? 0, 'SIGSTOP');
    process.kill(host?.pid ?? 0, 'SIGTERM');
    await eventually(() => locksIn(sandbox.runtimeDir).length === 0);
    const id = await client.delegate('next');
    expect((await client.read(id, {wait_seconds: 60})).blocks[1]).toBe('answer to next');
    expect(model.requests.filter(({prompt}) => prompt === 'next')).toHaveLength(1);
    expect((await client.read(running, {wait_seconds: 60})).blocks[0]).toContain('interrupted');
  });

  it('twenty clients at once share one host and one OpenCode, and each gets its own results', async () => {
    // Ten for each takes two cores most of a minute.
    const each = process.env.TEST_ALL === '1' ? 10 : 3;
    let running = 0;
    let most = 0;
    const {sandbox, open} = await setScene(async ({prompt}) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return {text: `answer to ${prompt}`};
    }, HOST);
    const clients = await Promise.all(numbered('client', 20).map((name) => open({name})));
    await Promise.all(clients.map((client) => client.tools()));
    expect(hostsIn(sandbox)).toHaveLength(1);
    await Promise.all(
      clients.map(async (client, n) => {
        const ids = await Promise.all(numbered(`of ${n}`, each).map((prompt) => client.delegate(prompt)));
        const answers = await Promise.all(ids.map((id) => client.read(id, {wait_seconds: 110})));
        expect(answers.map(({blocks}) => blocks[1])).toEqual(
          numbered(`of ${n}`, each).map((prompt) => `answer to ${prompt}`),
        );
      }),
    );
    expect(openCodeIn(sandbox.root)).toHaveLength(1);
    expect(most).toBeLessThanOrEqual(8);
  });

  it('clients with different provider keys never share an OpenCode', async () => {
    const {sandbox, open} = await setScene(() => ({text: 'done'}), HOST);
    const [one, two] = await Promise.all([
      open({env: {ACME_API_KEY: 'first'}}),
      open({env: {ACME_API_KEY: 'second'}}),
    ]);
    await Promise.all([one, two].map(async (client) => client.read(await client.delegate('p'))));
    expect(hostsIn(sandbox)).toHaveLength(1);
    const keys = openCodeIn(sandbox.root).map(
      ({pid}) => /ACME_API_KEY=(\w+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1],
    );
    expect(keys.sort()).toEqual(['first', 'second']);
  });
});

function hostsIn({root}: Sandbox): readonly {pid: number}[] {
  return processesIn(root).filter(({command}) => /main\.cjs host$/.test(command));
}
