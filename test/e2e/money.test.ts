import {describe, expect, it} from 'vitest';
import {shownDelegation} from '../../src/control/shown.ts';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import type {ModelRequest, Reply} from '../support/scripted-model.ts';
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
    const near = await client.read(id, {wait_seconds: 0});
    expect(near.text).toContain('83 % of its $0.30');
    expect((await client.call('delegation_list')).text).toContain('83 % of its $0.30');
    const {stdout} = await runCommand(sandbox, ['list', '--json']);
    expect(shownDelegation.array().parse(JSON.parse(stdout))).toEqual([
      expect.objectContaining({id, max_cost_usd: 0.3, near_limit: '83 % of its $0.30'}),
    ]);
    const before = model.requests.length;
    gate.open();
    const ended = await client.read(id);
    expect(ended.text).toContain(`${id} · error · `);
    expect(ended.text).toContain('Why: It reached its limit of $0.30: it had cost $0.3002.');
    for (let n = 1; n <= 6; n++) expect(ended.text).toContain(`Found ${n}.`);
    console.log('requests after the one that reached it:', model.requests.length - before);
    const next = await client.call('delegate', {continue: id});
    expect(next.text).toContain('up to 15 m, $0.30 of work');
    const result = await client.read(next.text.split(' · ')[0] ?? '');
    expect(result.text).toContain('All found.');
  });
});
