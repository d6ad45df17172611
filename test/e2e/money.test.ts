import {describe, expect, it, onTestFinished} from 'vitest';
import {shownDelegation} from '../../src/control/shown.ts';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {eventually} from '../support/processes.ts';
import {type ModelRequest, providerOf, type Reply} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';

/** What a step costs: OpenCode is told a dollar for a million of these. */
const STEP = {tokens: 50_000};

/** Works on and on, and says something with each step. */
function another({toolResults}: ModelRequest): Reply {
  const n = toolResults.length + 1;
  return {
    tool: 'bash',
    input: {command: `true ${n}`, description: `Step ${n}`},
    text: `Found ${n}.`,
    ...STEP,
  };
}

describe('a delegation with a limit of cost', () => {
  const home = shareHome();

  it('says that it is near, ends at the limit with what it had, and can be continued', async () => {
    const gate = createGate();
    const {model, sandbox, open} = home.scene(async (request) => {
      if (request.prompt.startsWith('You were interrupted')) return {text: 'All found.'};
      if (request.toolResults.length === 5) await gate.opened;
      return another(request);
    });
    const client = await open();
    const started = await client.call('delegate', {prompt: 'Find all', max_cost_usd: '0.3'});
    const [id = ''] = started.text.split(' · ');
    expect(started.text).toContain('up to 15 m, $0.30 of work');
    await model.asked(({toolResults}) => toolResults.length === 5);
    // OpenCode may ask for the next step before it has told what the last one used.
    const near = async () => (await client.read(id, {wait_seconds: 0})).text;
    await eventually(async () => (await near()).includes(' · 83 % of its $0.30 · '));
    expect((await client.call('delegation_list')).text).toContain('83 % of its $0.30');
    const {stdout} = await runCommand(sandbox, ['list', '--json']);
    expect(shownDelegation.array().parse(JSON.parse(stdout))).toEqual([
      expect.objectContaining({id, max_cost_usd: 0.3, near_limit: '83 % of its $0.30'}),
    ]);
    const progress: string[] = [];
    const reading = client.read(id, {}, {onProgress: (message) => progress.push(message)});
    await eventually(() => progress.some((message) => message.includes(' · 83 % of its $0.30 · ')));
    gate.open();
    const ended = await reading;
    expect(ended.text).toContain(`${id} · error · `);
    expect(ended.text).toContain('Why: It reached its limit of $0.30: it had cost $0.3002.');
    for (let n = 1; n <= 6; n++) expect(ended.text).toContain(`Found ${n}.`);
    const next = await client.call('delegate', {continue: id});
    expect(next.text).toContain('up to 15 m, $0.30 of work');
    const result = await client.read(next.text.split(' · ')[0] ?? '');
    expect(result.text).toContain('All found.');
  });

  it('ends where an answer has reached it and a message was to have the agent go on', async () => {
    const gate = createGate();
    // No model answers as fast as a script, which could be done before the limit has it stopped.
    const never = createGate();
    onTestFinished(() => never.open());
    const {model, open} = home.scene(async ({messages}) => {
      await (JSON.stringify(messages).includes('In French') ? never : gate).opened;
      return {text: 'Hello.', ...STEP};
    });
    const client = await open();
    const id = await client.delegate('Greet', {max_cost_usd: 0.04});
    await model.asked(({prompt}) => prompt === 'Greet');
    await client.call('delegation_reply', {id, message: 'In French'});
    gate.open();
    const {blocks} = await client.read(id);
    expect(blocks[0]).toMatch(
      / · error · .*its limit of \$0\.04.*before its agent was given what it was told/s,
    );
    expect(blocks[1]).toBe('Hello.');
    expect((await client.call('delegate', {continue: id})).isError).toBe(false);
  });

  it('counts the agents below it', async () => {
    const input = {description: 'Below', prompt: 'nested work', subagent_type: 'general'};
    // A script could have done a fifth step before the limit has it stopped.
    const never = createGate();
    onTestFinished(() => never.open());
    const {open} = home.scene(async (request) => {
      if (request.prompt !== 'nested work') return {tool: 'task', input};
      if (request.toolResults.length === 4) await never.opened;
      return another(request);
    });
    const client = await open();
    const id = await client.delegate('Have it done', {max_cost_usd: 0.2});
    const {text} = await client.read(id);
    // Four steps below. Its own step, which has called them, comes to its end when they do, or is cut off.
    expect(text).toContain('Why: It reached its limit of $0.20: it had cost $0.2002.');
    expect(text).toMatch(/200,[01]00 tokens in/);
  });

  it('is told that a price is not known, and is held by tokens', async () => {
    const {model, sandbox, open} = home.scene(another);
    const {scripted} = providerOf(model.url, ['free']) as {scripted: {models: {free: object}}};
    const free = {...scripted, models: {free: {...scripted.models.free, cost: undefined}}};
    sandbox.configure({...sandbox.config, provider: {...Object(sandbox.config.provider), free}});
    const client = await open();
    const given = {model: 'free/free', max_cost_usd: 1, max_tokens: 90_000};
    const started = await client.call('delegate', {prompt: 'Find all', ...given});
    expect(started.text).toContain('OpenCode knows no price for free/free, so what this costs is not known');
    const {text} = await client.read(started.text.split(' · ')[0] ?? '');
    expect(text).toContain('Why: It reached its limit of 90,000 tokens: it had used 100,040.');
    expect(text).toContain('no price known');
  });

  it('can be given by a person, within what the settings allow, and stats count it', async () => {
    const {sandbox} = home.scene(another);
    const env = {OPENCODE_DELEGATE_MAX_COST_USD: '0.04', OPENCODE_DELEGATE_DAILY_COST_USD: '100'};
    const command = (...args: readonly string[]) => runCommand(sandbox, args, {env});
    const ran = await command('run', 'Find all', '--max-cost', '5', '--wait');
    expect(ran).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        'Its limit is $0.04, as OPENCODE_DELEGATE_MAX_COST_USD says, and not $5.00.',
      ),
    });
    // One step can go as far past the limit as it costs.
    expect((await command('show', ran.stdout)).stdout).toContain('its limit of $0.04: it had cost $0.05.');
    const {total, today} = JSON.parse((await command('stats', '--json')).stdout);
    expect(total).toMatchObject({delegations: 1, at_limit: 1});
    expect(today).toMatchObject({cost_usd: expect.any(Number), limit_usd: 100});
    const stats = await command('stats');
    expect(stats.stdout).toMatch(/1 at a limit/);
    expect(stats.stdout).toMatch(/^Today, in all projects: \$0\.\d+ of \$100\.00$/m);
    expect(await command('run', 'x', '--max-cost', '5$')).toMatchObject({
      ...{exitCode: 2, stderr: expect.stringContaining('--max-cost takes a number of US dollars, 0.5 say')},
    });
    const {stdout} = await command('continue', ran.stdout, '--max-cost', '0.01', '--wait');
    expect((await command('show', stdout)).stdout).toContain('its limit of $0.01');
  });

  it.each([
    [{max_cost_usd: '5$'}, 'max_cost_usd: must be a number of US dollars, as 0.5'],
    [{max_cost_usd: -1}, 'max_cost_usd must be more than 0, and is -1.'],
    [{max_cost_usd: '1e12'}, 'max_cost_usd must be at most 100,000 US dollars'],
    [{max_tokens: 'many'}, 'max_tokens: must be a number, as 50000'],
  ])('cannot be %j', async (given, message) => {
    const {open} = home.scene();
    const answer = await (await open()).call('delegate', {prompt: 'x', ...given});
    expect(answer).toMatchObject({isError: true, text: expect.stringContaining(message)});
  });
});
