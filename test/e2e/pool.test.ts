import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Within} from '../../src/app/service.ts';
import {RecordsOnDisk} from '../../src/cli/sources/records.ts';
import {hasEnded} from '../../src/delegation/model/delegation.ts';
import {MemoryPool} from '../../src/pool/queue/memory-pool.ts';
import {becomes, delegateTo, PoolStage} from '../support/pool-stage.ts';
import type {Reply} from '../support/scripted-model.ts';

describe('a delegation in the pool', () => {
  const pool = new MemoryPool();
  let stage: PoolStage;
  let host: Within;

  beforeAll(async () => {
    stage = await PoolStage.open(async () => pool.connect());
    host = stage.host();
    await stage.startWorker();
  });

  afterAll(() => stage.close());

  it('runs on a worker, and its text, its branch and who ran it come home', async () => {
    stage.model.script(
      ({toolResults}): Reply =>
        toolResults.length === 0
          ? {tool: 'write', input: {filePath: 'page.txt', content: 'better\n'}}
          : {text: 'Done there.'},
    );
    const {repository} = stage;
    const begun = await delegateTo(host, {directory: repository.path, prompt: 'Improve the page'});
    const ended = await becomes(host, begun, ({state}) => hasEnded(state));
    expect(ended.state).toMatchObject({status: 'completed', work: {filesChanged: ['page.txt']}});
    expect(ended.text).toBe('Done there.');
    expect(repository.git('show', `delegation/${begun.id}:page.txt`)).toBe('better');
    expect(ended.where).toMatchObject({
      is: 'pool',
      version: '1.0.0',
      opencode: expect.stringMatching(/^1\./),
    });
    expect(ended).toMatchObject({agent: 'build', model: 'scripted/model'});
    const said = await new RecordsOnDisk(stage.client.env).keptConversation(ended);
    expect(said?.map((entry) => entry.said)).toMatchObject([
      {kind: 'prompt', text: 'Improve the page'},
      {kind: 'tool', tool: 'write', status: 'completed'},
      {kind: 'text', text: 'Done there.'},
    ]);
  });
});
