import {mkdirSync, writeFileSync} from 'node:fs';
import {Client} from '@modelcontextprotocol/client';
import {StdioClientTransport} from '@modelcontextprotocol/client/stdio';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {renderRecord} from '../../src/store/record/record.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';
import {createGate} from '../support/gate.ts';
import {projectOf} from '../support/project-of.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';

const STORED = 1_000;
const RUNNING = 50;
const NEWEST = Date.UTC(2026, 0, 1);

/** Letters only, as ids are: `stored-aa-...` would not be three words. */
const idOf = (n: number) =>
  `stored-number-${[...String(n).padStart(4, '0')].map((digit) => 'abcdefghij'[Number(digit)]).join('')}`;

describe('a project of a thousand delegations while fifty more run', () => {
  const gate = createGate();
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let client: Client;
  let running: readonly string[];

  beforeAll(async () => {
    model = await ScriptedModel.start(async () => {
      await gate.opened;
      return {text: 'done'};
    });
    sandbox = createSandbox({modelUrl: model.url});
    const folder = `${sandbox.dataDir}/${await projectOf(sandbox)}`;
    mkdirSync(folder, {recursive: true});
    for (let n = 0; n < STORED; n++) {
      const summary = `Summary ${n}`;
      const record = aDelegation({
        ...{id: idOf(n), title: `Title ${n}`, summary, text: summary},
        ...{createdAt: NEWEST - n * 1_000, readAt: NEWEST, state: anEnd()},
      });
      writeFileSync(`${folder}/${record.id}.md`, renderRecord(record));
    }
    client = new Client(
      {name: 'test-client', version: '1.0.0'},
      {versionNegotiation: {mode: {pin: '2026-07-28'}}},
    );
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [BIN],
        cwd: sandbox.project,
        env: {...sandbox.env, OPENCODE_DELEGATE_CONCURRENCY: String(RUNNING)},
        stderr: 'ignore',
      }),
    );
    const starts = Array.from({length: RUNNING}, (_, n) =>
      client.callTool({name: 'delegate', arguments: {prompt: `Piece ${n}`}}, {timeout: 50_000}),
    );
    running = (await Promise.all(starts)).map(({content}) => {
      const [block] = content;
      return (block?.type === 'text' ? block.text.split(' ')[0] : undefined) ?? '';
    });
    await Promise.all(running.map((_, n) => model.asked(({prompt}) => prompt === `Piece ${n}`)));
  });

  afterAll(async () => {
    gate.open();
    await client.close();
    await model.close();
    await sandbox.remove();
  });

  /** One page; the client's own method would turn all of them. */
  function list(cursor?: string, options?: {timeout: number}) {
    return client.request(
      {method: 'resources/list', ...(cursor !== undefined && {params: {cursor}})},
      options,
    );
  }

  it('lists them all in pages, newest first, each once', async () => {
    const names: string[] = [];
    const pages: number[] = [];
    let cursor: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list(cursor);
      pages.push(page.resources.length);
      names.push(...page.resources.map(({name}) => name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(new Set(names.slice(0, RUNNING))).toEqual(new Set(running));
    expect(names.slice(RUNNING)).toEqual(Array.from({length: STORED}, (_, n) => idOf(n)));
    expect(pages).toEqual([...Array(10).fill(100), 50]);
  });

  it('completes an id among them', async () => {
    const complete = async (value: string) => {
      const ref = {type: 'ref/resource' as const, uri: 'delegation://{id}'};
      return (await client.complete({ref, argument: {name: 'id', value}})).completion;
    };
    const many = await complete('stored-number-');
    expect(many).toMatchObject({total: STORED, hasMore: true});
    expect(many.values).toEqual(Array.from({length: 100}, (_, n) => idOf(n)));
    expect((await complete(idOf(987))).values).toEqual([idOf(987)]);
    const [id = ''] = running;
    expect((await complete(id)).values).toEqual([id]);
  });

  it('answers every completion and every page within a second', async () => {
    const ref = {type: 'ref/resource' as const, uri: 'delegation://{id}'};
    const asked = Array.from({length: 20}, (_, n) => [
      client.complete({ref, argument: {name: 'id', value: idOf(n)}}, {timeout: 1_000}),
      list(undefined, {timeout: 1_000}),
    ]).flat();
    expect(await Promise.all(asked)).toHaveLength(40);
  });
});
