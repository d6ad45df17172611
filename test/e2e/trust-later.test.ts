import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {execa} from 'execa';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {TestClient} from '../support/client.ts';
import {createGate, type Gate} from '../support/gate.ts';
import {createPluginSandbox} from '../support/plugin-sandbox.ts';
import {allGone, eventually, killAll, openCodeIn, signalEach} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {artifactOf, BIN, hostsIn, type Sandbox} from '../support/sandbox.ts';
import {type Scene, setScene} from '../support/scene.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {PREFIX, UserOpenCode} from '../support/user-opencode.ts';

/** A clean repository, in which an agent without a shell writes what OpenCode would run by itself. */
interface Written extends Scene {
  readonly path: string;
  readonly client: TestClient;
  readonly id: string;
  /** Opens for the agent's answer. */
  readonly gate: Gate;
  /** True when OpenCode has loaded what was written. */
  readonly hasRun: () => boolean;
}

const ACCESSES = ['agent', 'worktree'] as const;

/** A plugin that leaves a mark as soon as it is loaded. */
function marking(mark: string): string {
  return `import {writeFileSync} from 'node:fs';\nwriteFileSync(${JSON.stringify(mark)}, '');\nexport const P = async () => ({});\n`;
}

async function aPluginIsWritten(
  access: (typeof ACCESSES)[number],
  {env = {}, config = {}}: {env?: Record<string, string>; config?: Record<string, unknown>} = {},
  prepare: (scene: Scene) => Promise<void> = async () => {},
): Promise<Written> {
  const gate = createGate();
  onTestFinished(() => gate.open());
  const scene = await setScene(undefined, {env, config: {permission: {bash: 'deny'}, ...config}});
  const {sandbox, open, model} = scene;
  const path = join(sandbox.root, 'clean');
  Repository.create(path, {home: sandbox.root});
  const mark = join(sandbox.root, 'mark');
  const content = marking(mark);
  model.script(async ({prompt, toolResults}) => {
    if (prompt !== 'Go') return {text: '{"title": "A title", "summary": "A summary."}'};
    if (toolResults.length === 0) {
      return {tool: 'write', input: {filePath: '.opencode/plugin/x.js', content}};
    }
    await gate.opened;
    return {text: 'the whole answer'};
  });
  const client = await open({cwd: path});
  await prepare(scene);
  const id = await client.delegate('Go', {access});
  await model.asked(({prompt, toolResults}) => prompt === 'Go' && toolResults.length === 1);
  return {...scene, path, client, id, gate, hasRun: () => existsSync(mark)};
}

/** Ends the OpenCode servers of a sandbox as a crash would. */
function crash({root}: Sandbox): void {
  const pids = openCodeIn(root).map(({pid}) => pid);
  expect(pids).not.toEqual([]);
  signalEach(pids, 'SIGKILL');
}

describe('what an agent without a shell has written where it works is not run', () => {
  it.each(ACCESSES)(
    'when its server dies and the next one is asked what became of it (%s)',
    async (access) => {
      const {sandbox, client, id, hasRun} = await aPluginIsWritten(access);
      crash(sandbox);
      const {text} = await client.read(id, {wait_seconds: 110});
      expect(text).toContain(' · interrupted · ');
      expect(text).toContain('The OpenCode server ended while it ran.');
      expect(hasRun()).toBe(false);
    },
  );

  it.each(ACCESSES)('when all is killed, and its answer is found all the same (%s)', async (access) => {
    const {sandbox, open, path, id, gate, client, hasRun} = await aPluginIsWritten(access);
    signalEach([client.pid, ...hostsIn(sandbox.runtimeDir)], 'SIGSTOP');
    // Another OpenCode sees what is stored, and must load nothing itself.
    const beside = await UserOpenCode.start(sandbox, {
      env: {OPENCODE_PURE: '1', OPENCODE_DISABLE_PROJECT_CONFIG: '1'},
    });
    onTestFinished(() => beside.kill());
    const session = /^session: (ses_\w+)$/m.exec(readFileSync(artifactOf(sandbox, id), 'utf8'))?.[1] ?? '';
    gate.open();
    await eventually(() => isAnswered(beside, session));
    await killAll(sandbox.root);
    const later = await open({cwd: path});
    const {text} = await later.read(id, {wait_seconds: 110});
    expect(text).toContain(' · completed · ');
    expect(text).toContain('the whole answer');
    expect(hasRun()).toBe(false);
  });

  it('when the host is told to stop', async () => {
    const {sandbox, open, path, id, hasRun} = await aPluginIsWritten('worktree');
    const options = {cwd: path, env: sandbox.env, extendEnv: false} as const;
    expect((await execa(process.execPath, [BIN, 'stop'], options)).stdout).toContain('interrupted: 1');
    const {text} = await (await open({cwd: path})).read(id);
    expect(text).toContain(' · interrupted · ');
    expect(hasRun()).toBe(false);
  });

  it('when the client goes, and no host is there', async () => {
    const {sandbox, client, hasRun} = await aPluginIsWritten('worktree', {
      env: {OPENCODE_DELEGATE_HOST: 'off'},
    });
    await client.close();
    await allGone(sandbox.root);
    expect(hasRun()).toBe(false);
  });

  it.each([
    ['has come', {}],
    ['has changed', {'.opencode/plugin/x.js': 'export const P = async () => ({});\n'}],
  ])('when the OpenCode delegates that it works in, since which it %s', async (_, files) => {
    const model = await ScriptedModel.start();
    onTestFinished(() => model.close());
    const sandbox = await createPluginSandbox({modelUrl: model.url, config: {permission: {bash: 'deny'}}});
    onTestFinished(() => sandbox.remove());
    Repository.create(sandbox.project, {home: sandbox.root, files: {'a.txt': 'a\n', ...files}});
    const mark = join(sandbox.root, 'mark');
    const opencode = await UserOpenCode.start(sandbox);
    onTestFinished(() => opencode.kill());
    const session = await opencode.session();
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
    await opencode.say(session, 'start');
    const [before, , , after] = ((await opencode.transcript(session)).at(-1)?.text ?? '').split('\n---\n');
    expect(before).toContain(' · running · ');
    expect(after).toContain('plugin .opencode/plugin/x.js');
    expect(after).toContain('`opencode-delegate trust ');
    expect(existsSync(mark)).toBe(false);
  });

  it('when its headline is written, after a change elsewhere has brought another server', async () => {
    const other = (root: string) => join(root, 'other');
    const delegateElsewhere = async ({open, sandbox}: Scene, username: string) => {
      writeFileSync(join(other(sandbox.root), 'opencode.json'), JSON.stringify({username}));
      const client = await open({cwd: other(sandbox.root)});
      await client.read(await client.delegate('Other'));
    };
    const written = await aPluginIsWritten(
      'agent',
      {config: {small_model: 'scripted/model'}},
      async (scene) => {
        Repository.create(other(scene.sandbox.root), {home: scene.sandbox.root});
        await delegateElsewhere(scene, 'a');
      },
    );
    const {sandbox, client, id, gate, hasRun} = written;
    await delegateElsewhere(written, 'bb');
    expect(openCodeIn(sandbox.root)).toHaveLength(2);
    gate.open();
    expect((await client.read(id, {wait_seconds: 110})).text).toContain('the whole answer');
    await eventually(() => client.log().includes(`${id}: no better headline: `));
    expect(hasRun()).toBe(false);
  });
});

/** True when the last message of a session is an answer, and complete. */
async function isAnswered({client}: UserOpenCode, session: string): Promise<boolean> {
  const {data = []} = await client.session.messages({sessionID: session});
  const last = data.at(-1);
  const isSaid = last?.parts.some((part) => part.type === 'text' && part.text === 'the whole answer');
  return isSaid === true && last?.info.role === 'assistant' && last.info.time.completed !== undefined;
}
