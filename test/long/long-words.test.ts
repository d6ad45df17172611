import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {RawClient} from '../support/raw-client.ts';
import {artifactOf} from '../support/sandbox.ts';
import {shareHome} from '../support/shared-home.ts';
import {connectTasks} from '../support/task-client.ts';

const PAGE = `<html>Attention! ${'<div>Checking your browser</div>'.repeat(30_000)}</html>`;
const CUT = /… \[[\d,]+ characters left out\] …/;

const home = shareHome();

describe('what is too long to be read', () => {
  it('of an error is cut, with a sign, in the record, in answers, and in the report of a task', async () => {
    const {sandbox, open} = home.scene(() => ({status: 400, message: PAGE}));
    const client = await open();
    const id = await client.delegate('Begin');
    const {text} = await client.read(id);
    expect(text).toMatch(/^Why: .*Attention!/m);
    expect(text).toMatch(CUT);
    expect(text.length).toBeLessThan(4_000);
    expect((await client.call('delegation_list')).text.length).toBeLessThan(1_000);
    const record = readFileSync(artifactOf(sandbox, id), 'utf8');
    expect(record).toMatch(CUT);
    expect(record.length).toBeLessThan(6_000);
    const tasks = await connectTasks(sandbox);
    try {
      const report = await tasks.tasks.task(id as never).result();
      expect(JSON.stringify(report)).toMatch(CUT);
      expect(JSON.stringify(report).length).toBeLessThan(8_000);
    } finally {
      await tasks.close();
    }
  });

  it('of what a caller has sent is not said back', async () => {
    const {sandbox, open} = home.scene(() => ({text: 'done'}));
    const client = await open();
    const long = 'x'.repeat(300_000);
    const calls: readonly (readonly [string, Record<string, unknown>])[] = [
      ...['agent', 'model', 'continue'].map((name) => ['delegate', {prompt: 'p', [name]: long}] as const),
      ['delegate', {prompt: 'p', directory: `/${long}`}],
      ['delegate', {prompt: 'p', access: long}],
      ['delegation_list', {status: long, limit: long}],
      ...['read', 'cancel'].map((name) => [`delegation_${name}`, {id: long}] as const),
    ];
    for (const [tool, input] of calls) {
      const {text, isError} = await client.call(tool, input);
      expect(isError, tool).toBe(true);
      expect(text.length, `${tool} ${Object.keys(input)}`).toBeLessThan(5_000);
    }
    const raw = new RawClient(sandbox);
    try {
      await raw.request(0, 'initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: {name: 'raw', version: '1'},
      });
      raw.send({method: 'notifications/initialized'});
      const answers = [
        raw.request(1, 'tools/call', {name: long, arguments: {}}),
        raw.request(2, 'resources/read', {uri: `delegation://${long}`}),
        raw.request(3, 'prompts/get', {name: long}),
      ];
      for (const answer of (await Promise.all(answers)).map((line) => JSON.stringify(line))) {
        expect(answer).toMatch(CUT);
        expect(answer.length).toBeLessThan(10_000);
      }
    } finally {
      await raw.close();
    }
  });
});
