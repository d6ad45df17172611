import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import type {TestClient} from '../support/client.ts';
import {createGate, type Gate} from '../support/gate.ts';
import {createPluginSandbox} from '../support/plugin-sandbox.ts';
import {allGone, eventually, killAll, openCodeIn, signalEach} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, BIN, hostsIn, type Sandbox} from '../support/sandbox.ts';
import {type Scene, setScene} from '../support/scene.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {PREFIX, UserOpenCode} from '../support/user-opencode.ts';

/** Clean repositories, in which agents without a shell write what OpenCode would run by itself. */
interface Written extends Scene {
  /** Opens for the agents' answers. */
  readonly gate: Gate;
  /** Has one more written to, by an agent with this access. */
  write(access: Access): Promise<WrittenTo>;
}

/** One of those repositories. */
interface WrittenTo {
  readonly path: string;
  readonly client: TestClient;
  readonly id: string;
  /** True when OpenCode has loaded what was written. */
  readonly hasRun: () => boolean;
}

const ACCESSES = ['agent', 'worktree'] as const;
type Access = (typeof ACCESSES)[number];

/** A plugin that leaves a mark as soon as it is loaded. */
function marking(mark: string): string {
  return `import {writeFileSync} from 'node:fs';\nwriteFileSync(${JSON.stringify(mark)}, '');\nexport const P = async () => ({});\n`;
}

async function pluginsAreWritten({
  env = {},
  config = {},
}: {
  env?: Record<string, string>;
  config?: Record<string, unknown>;
} = {}): Promise<Written> {
  const gate = createGate();
  onTestFinished(() => gate.open());
  const scene = await setScene(undefined, {env, config: {permission: {bash: 'deny'}, ...config}});
  const {sandbox, open, model} = scene;
  const markOf = (prompt: string) => join(sandbox.root, `mark of ${prompt}`);
  model.script(async ({prompt, toolResults}) => {
    if (!prompt.startsWith('Go ')) return {text: '{"title": "A title", "summary": "A summary."}'};
    if (toolResults.length === 0) {
      return {tool: 'write', input: {filePath: '.opencode/plugin/x.js', content: marking(markOf(prompt))}};
    }
    await gate.opened;
    return {text: 'the whole answer'};
  });
  const write = async (access: Access): Promise<WrittenTo> => {
    const path = join(sandbox.root, `clean for ${access}`);
    Repository.create(path, {home: sandbox.root});
    const client = await open({cwd: path});
    const asked = `Go with ${access}`;
    const id = await client.delegate(asked, {access});
    await model.asked(({prompt, toolResults}) => prompt === asked && toolResults.length === 1);
    return {path, client, id, hasRun: () => existsSync(markOf(asked))};
  };
  return {...scene, gate, write};
}

/** Ends the OpenCode servers of a sandbox as a crash would. */
function crash({root}: Sandbox): void {
  const pids = openCodeIn(root).map(({pid}) => pid);
  expect(pids).not.toEqual([]);
  signalEach(pids, 'SIGKILL');
}

describe('what an agent without a shell has written where it works is not run', () => {
  it('when its server dies and the next one is asked what became of it', async () => {
    const {sandbox, write} = await pluginsAreWritten();
    const all = await Promise.all(ACCESSES.map(write));
    crash(sandbox);
    for (const {client, id} of all) {
      const {text} = await client.read(id, {wait_seconds: 110});
      expect(text).toContain(' · interrupted · ');
      expect(text).toContain('The OpenCode server ended while it ran.');
    }
    expect(all.map(({hasRun}) => hasRun())).toEqual([false, false]);
  });

  it('when all is killed, and its answer is found all the same', async () => {
    const {sandbox, open, gate, write} = await pluginsAreWritten();
    const all = await Promise.all(ACCESSES.map(write));
    signalEach([...all.map(({client}) => client.pid), ...hostsIn(sandbox.runtimeDir)], 'SIGSTOP');
    // Another OpenCode sees what is stored, and must load nothing itself.
    const beside = await UserOpenCode.start(sandbox, {
      env: {OPENCODE_PURE: '1', OPENCODE_DISABLE_PROJECT_CONFIG: '1'},
    });
    onTestFinished(() => beside.kill());
    const sessions = all.map(
      ({id}) => /^session: (ses_\w+)$/m.exec(readFileSync(artifactOf(sandbox, id), 'utf8'))?.[1] ?? '',
    );
    gate.open();
    for (const session of sessions) await eventually(() => isAnswered(beside, session));
    await killAll(sandbox.root);
    for (const {path, id} of all) {
      const {text} = await (await open({cwd: path})).read(id, {wait_seconds: 110});
      expect(text).toContain(' · completed · ');
      expect(text).toContain('the whole answer');
    }
    expect(all.map(({hasRun}) => hasRun())).toEqual([false, false]);
  });

  it('when the host is told to stop', async () => {
    const {sandbox, open, write} = await pluginsAreWritten();
    const {path, id, hasRun} = await write('worktree');
    const options = {cwd: path, env: sandbox.env, extendEnv: false} as const;
    expect((await execa(process.execPath, [BIN, 'stop'], options)).stdout).toContain('interrupted: 1');
    const {text} = await (await open({cwd: path})).read(id);
    expect(text).toContain(' · interrupted · ');
    expect(hasRun()).toBe(false);
  });

  it('when the client goes, and no host is there', async () => {
    const {sandbox, write} = await pluginsAreWritten({env: {OPENCODE_DELEGATE_HOST: 'off'}});
    const {client, hasRun} = await write('worktree');
    await client.close();
    await allGone(sandbox.root);
    expect(hasRun()).toBe(false);
  });

  it('when its headline is written, after a change elsewhere has brought another server', async () => {
    const other = (root: string) => join(root, 'other');
    const delegateElsewhere = async ({open, sandbox}: Scene, username: string) => {
      writeFileSync(join(other(sandbox.root), 'opencode.json'), JSON.stringify({username}));
      const client = await open({cwd: other(sandbox.root)});
      await client.read(await client.delegate('Other'));
    };
    const scene = await pluginsAreWritten({config: {small_model: 'scripted/model'}});
    const {sandbox, gate, write} = scene;
    Repository.create(other(sandbox.root), {home: sandbox.root});
    await delegateElsewhere(scene, 'a');
    const {client, id, hasRun} = await write('agent');
    await delegateElsewhere(scene, 'bb');
    expect(openCodeIn(sandbox.root)).toHaveLength(2);
    gate.open();
    expect((await client.read(id, {wait_seconds: 110})).text).toContain('the whole answer');
    await eventually(() => client.log().includes(`${id}: no better headline: `));
    expect(hasRun()).toBe(false);
  });
});

describe('what an agent without a shell has written where it works, and delegates from, is not run', () => {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let opencode: UserOpenCode;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = await createPluginSandbox({modelUrl: model.url, config: {permission: {bash: 'deny'}}});
    opencode = await UserOpenCode.start(sandbox);
  });

  afterAll(async () => {
    await opencode.kill();
    await model.close();
    await sandbox.remove();
  });

  it.each([
    ['has come', {}],
    ['has changed', {'.opencode/plugin/x.js': 'export const P = async () => ({});\n'}],
  ])('when it %s since OpenCode looked', async (name, files) => {
    const directory = join(sandbox.root, name, 'my project');
    Repository.create(directory, {home: sandbox.root, files: {'a.txt': 'a\n', ...files}});
    const mark = join(sandbox.root, name, 'mark');
    const session = await opencode.session({directory});
    const steps: readonly Reply[] = [
      {tool: `${PREFIX}delegate`, input: {prompt: 'before'}},
      {tool: 'read', input: {filePath: '.opencode/plugin/x.js'}},
      {tool: 'write', input: {filePath: '.opencode/plugin/x.js', content: marking(mark)}},
      {tool: `${PREFIX}delegate`, input: {prompt: 'after'}},
    ];
    const gate = createGate();
    onTestFinished(() => gate.open());
    model.script(async ({prompt, toolResults}) => {
      if (prompt === 'start') return steps[toolResults.length] ?? {text: toolResults.join('\n---\n')};
      // The end of a delegation would be told to the session, and answered.
      await gate.opened;
      return {text: 'done'};
    });
    await opencode.say(session, 'start', {directory});
    const [before, , , after] = ((await opencode.transcript(session, directory)).at(-1)?.text ?? '').split(
      '\n---\n',
    );
    expect(before).toContain(' · running · ');
    expect(after).toContain('plugin .opencode/plugin/x.js');
    expect(after).toContain('`opencode-delegate trust ');
    expect(existsSync(mark)).toBe(false);
  });
});

/** True when the last message of a session is an answer, and complete. */
async function isAnswered({client}: UserOpenCode, session: string): Promise<boolean> {
  const {data = []} = await client.session.messages({sessionID: session});
  const last = data.at(-1);
  const isSaid = last?.parts.some((part) => part.type === 'text' && part.text === 'the whole answer');
  return isSaid === true && last?.info.role === 'assistant' && last.info.time.completed !== undefined;
}
