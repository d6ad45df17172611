import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {ClientModel, type ClientReply, type ClientRequest} from '../support/client-model.ts';
import {runCommand} from '../support/command.ts';
import {createGate, type Gate} from '../support/gate.ts';
import {installed, REAL_CLIENTS, type RealClient, type Setting, say} from '../support/real-clients.ts';
import {createSandbox, HOST_MODE, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';

/** The programs are no dependency: they are there where somebody has installed them, and named by TEST_CLIENTS. */
const CLIENTS = REAL_CLIENTS.filter((client) => installed(client) !== undefined && HOST_MODE === 'on');
const NOT_READ = /([a-z]+-[a-z]+-[a-z]+): completed, not read yet/g;

let agents: ScriptedModel;
let model: ClientModel;
let sandbox: Sandbox;
let setting: Setting;
const gates = new Map<string, Gate>();
/** What the client's model was asked that had our tools. */
const requests: ClientRequest[] = [];
/** What the client's model does in the turn that a prompt begins. */
let turn: (request: ClientRequest) => ClientReply | Promise<ClientReply> = () => ({text: 'Well.'});

beforeAll(async () => {
  if (CLIENTS.length === 0) return;
  agents = await ScriptedModel.start(async ({prompt}) => {
    await gates.get(prompt)?.opened;
    return {text: `Answer to ${prompt}`};
  });
  model = await ClientModel.start(async (request) => {
    // `codex exec` does not wait for its MCP servers.
    if (!request.tools.some((name) => name.endsWith('delegate')))
      return {tool: 'exec_command', input: {cmd: 'sleep 0.5'}};
    requests.push(request);
    return turn(request);
  });
  sandbox = createSandbox({modelUrl: agents.url});
});

let projects = 0;

/** Each test has a project of its own in the one home. */
beforeEach(() => {
  if (CLIENTS.length === 0) return;
  const project = join(sandbox.root, `project ${++projects}`);
  mkdirSync(project);
  setting = {sandbox, url: model.url, project};
  for (const client of CLIENTS) client.configure(setting);
});

afterAll(async () => {
  if (CLIENTS.length === 0) return;
  await sandbox.remove();
  await model.close();
  await agents.close();
});

interface Told {
  /** The ids that were named as not read in what is new of the conversation, each as often as it was. */
  readonly named: readonly string[];
  readonly requests: readonly ClientRequest[];
}

/** Says something, and looks at what the model got to see besides. */
async function talk(
  client: RealClient,
  text: string,
  {goesOn = true, does = () => ({text: 'Well.'})}: {goesOn?: boolean; does?: typeof turn} = {},
): Promise<Told> {
  turn = does;
  const from = requests.length;
  const before = goesOn ? namedIn(requests.at(-1)) : [];
  await say(client, setting, {text, goesOn});
  const made = requests.slice(from);
  return {named: namedIn(made.at(-1)).slice(before.length), requests: made};
}

function namedIn(request: ClientRequest | undefined): readonly string[] {
  return [...(request?.conversation ?? '').matchAll(NOT_READ)].map(([, id = '']) => id);
}

function idIn(request: ClientRequest | undefined): string {
  const {conversation = ''} = request ?? {};
  return [...conversation.matchAll(/([a-z]+-[a-z]+-[a-z]+) · running/g)].at(-1)?.[1] ?? '';
}

/** A turn that delegates and ends; its agent answers when the gate is opened. */
function delegating(prompt: string): {does: typeof turn; gate: Gate} {
  const gate = createGate();
  gates.set(prompt, gate);
  const does = (request: ClientRequest): ClientReply =>
    idIn(request) === '' ? {tool: 'delegate', input: {prompt}} : {text: 'Carrying on.'};
  return {does, gate};
}

const reading = (id: string) => (request: ClientRequest) =>
  request.conversation.includes(`[end of ${id}`) ? {text: 'Read.'} : {tool: 'delegation_read', input: {id}};

const command = (...args: readonly string[]) => runCommand(sandbox, args, {cwd: setting.project});

describe.skipIf(CLIENTS.length === 0)('a client that ends while a delegation runs', () => {
  it.each(CLIENTS)(
    '$name: its next prompt brings the end without a call, in each session once, until it is read',
    async (client) => {
      const {does, gate} = delegating(`Work for ${client.name}`);
      const {requests} = await talk(client, 'Please delegate.', {goesOn: false, does});
      const id = idIn(requests.at(-1) as ClientRequest);
      // The client has gone, and its delegation has not.
      expect((await command('list')).stdout).toMatch(new RegExp(`${id} +running`));
      gate.open();
      expect(await command('wait', id, '--exit-status')).toMatchObject({exitCode: 0});

      const next = await talk(client, 'What now?');
      expect(next.named).toEqual([id]);
      expect(next.requests).toHaveLength(1);
      expect((await talk(client, 'And now?')).named).toEqual([]);
      // It is closed and opened again: another session.
      expect((await talk(client, 'Good morning.', {goesOn: false})).named).toEqual([id]);

      const read = await talk(client, 'Read it.', {does: reading(id)});
      expect(read.requests.at(-1)?.conversation).toContain(`Answer to Work for ${client.name}`);
      expect((await talk(client, 'Good night.', {goesOn: false})).named).toEqual([]);
    },
  );

  it.each(CLIENTS)(
    '$name: what comes while its model works is what it goes on with, once',
    async (client) => {
      const prompt = `Quick work for ${client.name}`;
      const answers = ['Done with my part.', 'I have seen it.'];
      const {requests: made, named} = await talk(client, 'Please delegate and work.', {
        goesOn: false,
        async does(request) {
          const id = idIn(request);
          if (id === '') return {tool: 'delegate', input: {prompt}};
          // The model works until then.
          await command('wait', id);
          return {text: answers.shift() ?? 'No more.'};
        },
      });
      // Claude Code shows it to its model in two places.
      expect(new Set(named).size).toBe(1);
      // It delegates, is done, and goes on once.
      expect(made).toHaveLength(3);
      expect(answers).toEqual([]);
      expect(made.at(-1)?.last).toContain('This has come while you worked.');
      expect((await talk(client, 'Anything else?')).named).toEqual([]);
      await talk(client, 'Read it.', {does: reading(named[0] ?? '')});
    },
  );

  it.runIf(CLIENTS.length > 1)(
    'another client of the project is told as well, each session once',
    async () => {
      const [one, other] = CLIENTS as [RealClient, RealClient];
      const {does, gate} = delegating('Work for both');
      const first = await talk(one, 'Please delegate.', {goesOn: false, does});
      const id = idIn(first.requests.at(-1));
      gate.open();
      await command('wait', id);
      expect((await talk(other, 'Hello.', {goesOn: false})).named).toEqual([id]);
      expect((await talk(other, 'Hello again.')).named).toEqual([]);
      // One's own session goes on with what it said last.
      turn = () => ({text: 'Well.'});
      const from = requests.length;
      await say(one, setting, {text: 'What now?', goesOn: true});
      expect(namedIn(requests[from])).toEqual([id]);
      await talk(one, 'Read it.', {does: reading(id)});
    },
  );
});
