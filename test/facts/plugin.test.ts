import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {toolParts} from '../../src/opencode/transcript/transcript.ts';
import {dataOf} from '../../src/opencode/wire/answer.ts';
import {heard as understood} from '../../src/plugin/opencode/events.ts';
import {sessionPlaceOf, voiceOf} from '../../src/plugin/opencode/user-opencode.ts';
import {type RawOpenCode, startRaw} from './raw-opencode.ts';

/** What a plugin has seen, in the order in which it did. */
interface Seen {
  readonly hook: string;
  readonly input: Record<string, unknown>;
  readonly output: Record<string, unknown>;
}

let raw: RawOpenCode;
let file: string;

beforeAll(async () => {
  raw = await startRaw({
    prepare: ({root, config, configure}) => {
      const plugin = join(root, 'plugin.js');
      file = join(root, 'seen.jsonl');
      writeFileSync(file, '');
      writeFileSync(plugin, source(file));
      configure({...config, plugin: [pathToFileURL(plugin).href]});
    },
  });
});

afterAll(() => raw.close());

/** A plugin that notes all it is called with, and changes what it is given in place. */
function source(path: string): string {
  return `import {appendFileSync} from 'node:fs';
const note = (hook, input, output) => appendFileSync(${JSON.stringify(path)}, JSON.stringify({hook, input, output}) + '\\n');
const server = async ({client, directory}) => {
  note('server', {directory}, {});
  return {
    config: async (config) => { config.agent = {...config.agent, added: {mode: 'primary', prompt: 'p'}}; },
    event: async ({event}) => note('event', event, {}),
    'chat.message': async (input, output) => {
      note('chat.message', input, output);
      const last = output.parts.at(-1);
      output.parts.push({...last, id: last.id + 'z', text: 'added by the plugin', synthetic: true});
    },
    'tool.execute.before': async (input, output) => {
      note('tool.execute.before', input, output);
      output.args.pattern = '*.changed';
    },
    'tool.execute.after': async (input, output) => note('tool.execute.after', input, output),
    'experimental.session.compacting': async (input, output) => {
      const {data} = await client.session.get({path: {id: input.sessionID}});
      output.context.push('carried over for ' + data.title);
    },
    'experimental.text.complete': async (input, output) => {
      note('experimental.text.complete', input, output);
      if (output.text === 'The summary.') output.text += ' And what was added.';
    },
  };
};
export default {id: 'notes', server};`;
}

/** All that was seen at a hook. */
function seenAt(hook: string): readonly Seen[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Seen).filter((seen) => seen.hook === hook);
}

it('is loaded for each directory, and what its config hook adds is there', async () => {
  await raw.opencode.session();
  expect(seenAt('server').map(({input}) => input.directory)).toContain(raw.sandbox.project);
  const agents = await dataOf(raw.client.app.agents());
  expect(agents.map(({name}) => name)).toContain('added');
});

it('adds a part to a message, by an id that puts it behind the others', async () => {
  raw.model.script(() => ({text: 'heard'}));
  const session = await raw.opencode.session();
  await raw.opencode.say(session, 'Hello');
  const {input, output} = seenAt('chat.message').find(({input: {sessionID}}) => sessionID === session) ?? {};
  expect(input).toMatchObject({sessionID: session});
  expect(voiceOf(output?.message)).toMatchObject({agent: 'build', model: {providerID: 'scripted'}});
  const parts = output?.parts as {id: string}[];
  expect(sessionPlaceOf(output?.message, parts)).toMatchObject({
    id: `${parts.at(-1)?.id}z`,
    sessionID: session,
  });
  const [message] = await dataOf(raw.client.session.messages({sessionID: session}));
  expect(message?.parts.map((part) => part.type === 'text' && part.text)).toEqual([
    'Hello',
    'added by the plugin',
  ]);
  expect(JSON.stringify(raw.model.requests.at(-1)?.messages)).toContain('added by the plugin');
});

it('changes the arguments of a call in place, once the call has been announced', async () => {
  writeFileSync(join(raw.sandbox.project, 'is.changed'), '');
  raw.model.script(({toolResults}) =>
    toolResults.length === 0 ? {tool: 'glob', input: {pattern: '*.asked'}} : {text: 'done'},
  );
  const session = await raw.opencode.session();
  await raw.opencode.say(session, 'Find it');
  const [part] = toolParts(await dataOf(raw.client.session.messages({sessionID: session})));
  expect(part?.state).toMatchObject({status: 'completed', output: expect.stringContaining('is.changed')});
  const before = seenAt('tool.execute.before').find(({input}) => input.sessionID === session);
  const after = seenAt('tool.execute.after').find(({input}) => input.sessionID === session);
  expect(before?.input).toMatchObject({tool: 'glob', callID: part?.callID});
  expect(after?.input).toMatchObject({tool: 'glob', callID: part?.callID});
  const events = seenAt('event').map(({input}) => understood(input as {type: string}));
  expect(events).toContainEqual({is: 'call stored', tool: 'glob', call: part?.callID});
});

it('hears of sessions, of the message that a model is at, and of an idle', async () => {
  raw.model.script(() => ({text: 'heard'}));
  const session = await raw.opencode.session();
  await raw.opencode.say(session, 'Hello');
  const events = seenAt('event').map(({input}) => understood(input as {type: string}));
  expect(events).toContainEqual({is: 'changed', session, isChild: false});
  expect(events).toContainEqual({is: 'idle', session});
  expect(events).toContainEqual({
    ...{is: 'answering', session},
    message: expect.objectContaining({agent: 'build', model: {providerID: 'scripted', modelID: 'model'}}),
  });
});

it('is asked at a compaction, by a client that works in the process, and can add to the summary', async () => {
  raw.model.script(({tools}) => ({text: tools.length === 0 ? 'The summary.' : 'heard'}));
  const session = await raw.opencode.session();
  await raw.opencode.say(session, 'Hello');
  await raw.client.session.summarize({sessionID: session, providerID: 'scripted', modelID: 'model'});
  const summarizer = raw.model.requests.findLast(({tools}) => tools.length === 0);
  expect(JSON.stringify(summarizer?.messages)).toContain('carried over for A test');
  const stored = await dataOf(raw.client.session.messages({sessionID: session}));
  const summary = stored.find(({info}) => info.role === 'assistant' && info.summary === true);
  expect(JSON.stringify(summary?.parts)).toContain('The summary. And what was added.');
  const {id: message} = summary?.info ?? {};
  const events = seenAt('event').map(({input}) => understood(input as {type: string}));
  expect(events).toContainEqual({is: 'summarizing', session, message});
  const completed = seenAt('experimental.text.complete').map(({input}) => input);
  expect(completed).toContainEqual(expect.objectContaining({sessionID: session, messageID: message}));
});
