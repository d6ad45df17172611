import {chmodSync, mkdirSync, symlinkSync} from 'node:fs';
import {delimiter, dirname, join} from 'node:path';
import {execa} from 'execa';
import {ClientModel, type ClientReply, type ClientRequest, linesOf} from './client-model.ts';
import {type ClientSession, openScreen} from './client-screen.ts';
import {createGate, type Gate} from './gate.ts';
import {eventually} from './processes.ts';
import {type Closer, installed, type RealClient, type Saying, type Setting} from './real-clients.ts';
import {BIN, createSandbox, type Sandbox} from './sandbox.ts';
import {type ModelRequest, type Reply, ScriptedModel} from './scripted-model.ts';
import {PREFIX} from './user-opencode.ts';

const NAME = 'opencode-delegate';
/** An end as the hook, the plugin's notice and the result of a task name it. */
const NAMED =
  /([a-z]+-[a-z]+-[a-z]+)(?:: completed, not read yet| · completed · )|<task-id>([a-z]+-[a-z]+-[a-z]+)<\/task-id>/g;
/** What `delegate` answers, and what Claude Code makes of it where it is a task. */
const STARTED = /([a-z]+-[a-z]+-[a-z]+) · running|server-side task ([a-z]+-[a-z]+-[a-z]+)/g;
/** Longer than what comes along with the news of an end, so that there is something to read. */
const LONG_ANSWER = 'It goes on. '.repeat(200);

/** What the client's model does with a request; nothing more to do ends its turn. */
export type Turn = (request: ClientRequest) => ClientReply | undefined | Promise<ClientReply | undefined>;

/** What came of one prompt. */
export interface Told {
  /** The ids whose ends are named in what is new of the conversation, each as often as it is. */
  readonly named: readonly string[];
  /** What the client asked of its model. */
  readonly requests: readonly ClientRequest[];
}

/** A home with clients in it, the models that they and the delegated agents ask, and the installed command. */
export class Chain {
  readonly sandbox: Sandbox;
  readonly #agents: ScriptedModel;
  readonly #model: ClientModel;
  readonly #gates: Map<string, Gate>;
  readonly #closers: Closer[] = [];
  readonly #opened = new Set<RealClient>();
  /** What a client's model was asked that had our tools. */
  readonly #requests: ClientRequest[] = [];
  #turn: Turn = () => undefined;
  #ends = 'Well.';
  #turns = 0;

  private constructor(agents: ScriptedModel, model: ClientModel, gates: Map<string, Gate>) {
    this.#agents = agents;
    this.#model = model;
    this.#gates = gates;
    this.sandbox = createSandbox({modelUrl: agents.url});
    const bin = join(this.sandbox.env.HOME ?? '', 'bin');
    mkdirSync(bin);
    // As npm does when it installs.
    chmodSync(BIN, 0o755);
    symlinkSync(BIN, join(bin, NAME));
  }

  /** @param clients those of the home, as they are before `install`. */
  static async start(clients: readonly RealClient[]): Promise<Chain> {
    let chain: Chain | undefined;
    const ask = async (request: ClientRequest) => (await chain?.answer(request)) ?? {text: 'Well.'};
    const gates = new Map<string, Gate>();
    const agents = await ScriptedModel.start(async (asked) => {
      const gate = gates.get(asked.prompt);
      if (gate === undefined) return asked.tools.length === 0 ? {text: 'A title'} : asOpenCode(asked, ask);
      await gate.opened;
      return {text: `Answer to ${asked.prompt}. ${LONG_ANSWER}`};
    });
    const model = await ClientModel.start(ask);
    chain = new Chain(agents, model, gates);
    for (const client of clients) {
      const closer = await client.prepare(chain.setting);
      if (closer !== undefined) chain.#closers.push(closer);
    }
    return chain;
  }

  get setting(): Setting {
    return {sandbox: this.sandbox, url: this.#model.url, project: this.sandbox.project};
  }

  /** The environment that a client is started in. */
  envOf(client: RealClient): Record<string, string> {
    const {env} = this.sandbox;
    const folders = [join(env.HOME ?? '', 'bin'), dirname(installed(client) ?? ''), env.PATH];
    return {...env, ...client.env(this.#model.url), PATH: folders.join(delimiter)};
  }

  /** Runs the installed command, as a person does. @throws where it fails. */
  async command(...args: readonly string[]): Promise<string> {
    const {HOME = '', PATH} = this.sandbox.env;
    const env = {...this.sandbox.env, PATH: [join(HOME, 'bin'), PATH].join(delimiter)};
    const options = {cwd: this.sandbox.project, env, extendEnv: false, all: true, stdin: 'ignore'} as const;
    return (await execa(join(HOME, 'bin', NAME), args, options)).all;
  }

  /** A session that each prompt starts the client for, as a script does; or one at its screen. */
  async open(client: RealClient, how: 'script' | 'screen' = 'script'): Promise<ClientSession> {
    if (how === 'script') return this.#inScript(client);
    const isFirst = !this.#opened.has(client);
    this.#opened.add(client);
    const where = {project: this.sandbox.project, env: this.envOf(client)};
    const program = installed(client) ?? client.program;
    const session = openScreen({client: client.name, program, isFirst, where});
    this.#closers.push(() => session.end());
    await session.ready();
    return session;
  }

  #inScript(client: RealClient): ClientSession {
    let goesOn = false;
    return {
      say: async (text) => {
        await this.#run(client, {text, goesOn});
        goesOn = true;
      },
      shows: () => Promise.reject(new Error('nothing comes where nothing runs')),
      close: async () => {},
      end: async () => {},
    };
  }

  /** Says something, and looks at what the model got to see besides. */
  talk(session: ClientSession, text: string, does: Turn = () => undefined): Promise<Told> {
    return this.#see(does, () => session.say(text, this.#ends));
  }

  /** Says nothing, and looks at what the model is woken with when these have ended. */
  woken(session: ClientSession, ...ids: readonly string[]): Promise<Told> {
    const from = this.#requests.length;
    return this.#see(
      () => undefined,
      async () => {
        await this.finish(...ids);
        const isNamed = (id: string) => this.#requests.slice(from).some((one) => namedIn(one).includes(id));
        await eventually(() => ids.every(isNamed));
        await session.shows(this.#ends);
      },
    );
  }

  async #see(does: Turn, happens: () => Promise<void>): Promise<Told> {
    this.#turn = does;
    this.#ends = `Well, that was turn ${++this.#turns}.`;
    const from = this.#requests.length;
    await happens();
    const requests = this.#requests.slice(from);
    const [first] = requests;
    const isSame = first !== undefined && from > 0 && first.conversation.includes(`turn ${this.#turns - 1}.`);
    const before = isSame ? namedIn(this.#requests[from - 1]) : [];
    return {named: namedIn(requests.at(-1)).slice(before.length), requests};
  }

  /** A turn that delegates these, one after the other; their agents answer when they are let. */
  delegating(...prompts: readonly string[]): Turn {
    for (const prompt of prompts) this.#gates.set(prompt, createGate());
    const left = [...prompts];
    return () => {
      const prompt = left.shift();
      return prompt === undefined ? undefined : {tool: 'delegate', input: {prompt}};
    };
  }

  /** Has the agents answer, and resolves when their ends are on disk. */
  async finish(...ids: readonly string[]): Promise<void> {
    for (const gate of this.#gates.values()) gate.open();
    await this.command('wait', ...ids, '--exit-status');
  }

  async close(): Promise<void> {
    for (const gate of this.#gates.values()) gate.open();
    for (const closer of [...this.#closers].reverse()) await closer();
    await this.sandbox.remove();
    await this.#model.close();
    await this.#agents.close();
  }

  async answer(request: ClientRequest): Promise<ClientReply> {
    if (!request.tools.some((name) => name.endsWith('delegate'))) return withoutUs(request);
    this.#requests.push(request);
    return (await this.#turn(request)) ?? {text: this.#ends};
  }

  async #run(client: RealClient, saying: Saying): Promise<void> {
    await execa(installed(client) ?? client.program, [...client.args(saying)], {
      ...{cwd: this.sandbox.project, env: this.envOf(client), extendEnv: false},
      ...{all: true, stdin: 'ignore', timeout: 180_000},
    });
  }
}

/** Codex and Claude Code do not wait for their MCP servers: there, the model does something else until they are there. */
function withoutUs({tools}: ClientRequest): ClientReply {
  if (tools.includes('exec_command')) return {tool: 'exec_command', input: {cmd: 'sleep 0.5'}};
  if (tools.includes('Bash')) return {tool: 'Bash', input: {command: 'ls', description: 'Look around'}};
  return {text: 'There is no tool to delegate with.'};
}

/** A turn that reads a result to its end. */
export const reading =
  (id: string): Turn =>
  ({isAfterTool}) =>
    isAfterTool ? undefined : {tool: 'delegation_read', input: {id}};

/** A turn that lists what there is. */
export const listing: Turn = ({isAfterTool}) =>
  isAfterTool ? undefined : {tool: 'delegation_list', input: {}};

/** What was delegated in a conversation, in order. */
export function idsIn(request: ClientRequest | undefined): readonly string[] {
  return [...new Set(matchesIn(request, STARTED))];
}

function namedIn(request: ClientRequest | undefined): readonly string[] {
  return matchesIn(request, NAMED);
}

function matchesIn(request: ClientRequest | undefined, pattern: RegExp): readonly string[] {
  return [...(request?.conversation ?? '').matchAll(pattern)].map(([, id, task = '']) => id ?? task);
}

/** OpenCode and the agents that it runs ask one model. */
async function asOpenCode(
  {tools, messages, toolResults}: ModelRequest,
  ask: (request: ClientRequest) => Promise<ClientReply>,
): Promise<Reply> {
  const said = await ask({
    ...{tools, conversation: linesOf(messages), last: linesOf(messages.at(-1) ?? '')},
    isAfterTool: toolResults.length > 0,
  });
  return 'tool' in said ? {...said, tool: `${PREFIX}${said.tool}`} : said;
}
