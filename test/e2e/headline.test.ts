import {readFileSync} from 'node:fs';
import {describe, expect, it, onTestFinished} from 'vitest';
import {createGate} from '../support/gate.ts';
import {eventually} from '../support/processes.ts';
import {artifactOf} from '../support/sandbox.ts';
import type {ModelRequest, Reply} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';
import {UserOpenCode} from '../support/user-opencode.ts';

const home = shareHome({models: ['model', 'small'], config: {small_model: 'scripted/small'}});

describe('title and summary', () => {
  it('come at once from prompt and answer, and later from the small model, off the reader’s path', async () => {
    const gate = createGate();
    const script = async ({model: name}: ModelRequest): Promise<Reply> => {
      if (name !== 'small') return {text: '# Findings\n\nThe cache is never emptied.'};
      await gate.opened;
      return {
        text: '```json\n{"title": "Cache leak found", "summary": "The cache is never emptied, so memory grows."}\n```',
      };
    };
    const {model, sandbox, open} = home.scene(script);
    const client = await open();
    const id = await client.delegate('Find out why memory grows. Look at the cache first.');
    expect((await client.read(id)).blocks[1]).toContain('The cache is never emptied.');
    const first = await client.call('delegation_list');
    expect(first.text).toContain(`${id} · completed · `);
    expect(first.text).toContain(' · build · Find out why memory grows\n  Findings');

    gate.open();
    await eventually(async () =>
      (await client.call('delegation_list')).text.includes(
        ' · build · Cache leak found\n  The cache is never emptied, so memory grows.',
      ),
    );
    const artifact = readFileSync(artifactOf(sandbox, id), 'utf8');
    expect(artifact).toContain('\n# Cache leak found\n');
    // The read mark, which was set before the better headline came, has not been lost to it.
    expect(artifact).toMatch(/\nread: /);
    const asked = await model.asked(({model: name}) => name === 'small');
    expect(asked.tools).toEqual([]);
    expect(asked.prompt).toContain('<result>\n# Findings');
    // The helper session is removed again: people see the delegation's own session alone.
    const beside = await UserOpenCode.start(sandbox);
    onTestFinished(() => beside.kill());
    const titles = async () => {
      const {data = []} = await beside.client.session.list();
      return data.map(({title}) => title).join();
    };
    await eventually(async () => !(await titles()).includes('delegation headline'));
    expect(await titles()).toContain('Find out why memory grows');
  });

  it('are not asked for again and again where the small model gives no sign of an end', async () => {
    const script = ({model: name}: ModelRequest): Reply =>
      name === 'small' ? {text: 'No title.', finish: null} : {text: 'The answer.'};
    const {model, open} = home.scene(script);
    const before = model.requests.length;
    const client = await open();
    const id = await client.delegate('Find out why memory grows.');
    expect((await client.read(id)).blocks[1]).toBe('The answer.');
    await eventually(() => client.log().includes(`${id}: no better headline: OpenCode asked the model`));
    const asked = () => model.requests.slice(before).filter(({model: name}) => name === 'small').length;
    expect(asked()).toBeLessThanOrEqual(5);
    // Its session is gone, and so is what asked.
    const atEnd = asked();
    expect((await client.read(await client.delegate('Once more'))).blocks[1]).toBe('The answer.');
    expect(asked() - atEnd).toBeLessThanOrEqual(5);
  });
});
