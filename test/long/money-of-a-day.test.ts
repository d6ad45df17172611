import {readFileSync} from 'node:fs';
import {expect, it} from 'vitest';
import {createGate} from '../support/gate.ts';
import {eventually} from '../support/processes.ts';
import {artifactOf, HOST_MODE, hostsIn} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import type {ModelRequest, Reply} from '../support/scripted-model.ts';

/** Five steps reach it. */
const LIMIT = {OPENCODE_DELEGATE_DAILY_COST_USD: '0.25'};

/** A step that costs 5 cents, and calls a tool unless it is the last. */
function step({toolResults}: ModelRequest, last = Number.POSITIVE_INFINITY): Reply {
  const n = toolResults.length + 1;
  if (n === last) return {text: 'Done.', tokens: 50_000};
  const input = {command: `true ${n}`, description: `Step ${n}`};
  return {tool: 'bash', input, text: `Found ${n}.`, tokens: 50_000};
}

it.runIf(HOST_MODE === 'on')(
  'what a host that died has spent counts, and so does what was recovered',
  async () => {
    const {model, sandbox, open} = await setScene(
      async (request) => {
        if (request.prompt !== 'Die') return step(request, 4);
        if (request.toolResults.length === 1) await new Promise(() => {});
        return step(request);
      },
      {env: LIMIT},
    );
    const first = await open();
    const died = await first.delegate('Die');
    await model.asked(({prompt, toolResults}) => prompt === 'Die' && toolResults.length === 1);
    await eventually(() => readFileSync(artifactOf(sandbox, died), 'utf8').includes('cost_usd: 0.05004'));
    for (const pid of hostsIn(sandbox.runtimeDir)) process.kill(pid, 'SIGKILL');

    const second = await open();
    const {text} = await second.read(died);
    expect(text).toContain(`${died} · interrupted`);
    expect(text).toContain('$0.0500');
    const id = await second.delegate('Work');
    const worked = await second.read(id);
    // Its last step has reached the limit, and ended it as well.
    expect(worked.text).toContain(`${id} · completed`);
    const refused = await second.call('delegate', {prompt: 'More'});
    expect(refused.isError).toBe(true);
    expect(refused.text).toMatch(
      /^Your delegations have cost \$0\.2502 today, and OPENCODE_DELEGATE_DAILY_COST_USD is \$0\.25: nothing is started until \d{4}-\d\d-\d\d 00:00/,
    );
  },
);

it('two processes of one home share the limit of a day', async () => {
  const gate = createGate();
  const {model, open} = await setScene(
    async (request) => {
      if (request.prompt === 'One' && request.toolResults.length === 4) await gate.opened;
      return step(request);
    },
    {env: {...LIMIT, OPENCODE_DELEGATE_HOST: 'off'}},
  );
  const [one, two] = await Promise.all([open(), open({name: 'second'})]);
  const first = await one.delegate('One');
  await model.asked(({toolResults}) => toolResults.length === 4);
  await eventually(async () =>
    (await one.read(first, {wait_seconds: 0})).text.includes("80 % of today's $0.25"),
  );
  const second = await two.delegate('Two');
  // What the other process has used is on disk after two seconds.
  const ended = await two.read(second);
  expect(ended.text).toContain(`${second} · error`);
  expect(ended.text).toMatch(/Why: Your delegations have cost \$0\.\d+ today/);
  expect(ended.text).toContain('Found 1.');
  gate.open();
  expect((await one.read(first)).text).toMatch(/Why: Your delegations have cost \$0\.\d+ today/);
  for (const client of [one, two])
    expect((await client.call('delegate', {prompt: 'More'})).text).toContain('nothing is started until');
});
