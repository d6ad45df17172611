import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {describe, expect, it, onTestFinished} from 'vitest';
import {MarkdownStore} from '../../src/store/markdown-store.ts';
import {aDelegation, anEnd, FakeLog} from '../support/fakes.ts';

const BIN = fileURLToPath(new URL('../../dist/main.cjs', import.meta.url));

describe('the built hook', () => {
  /** A home with one result that nobody has read. */
  async function home() {
    const root = mkdtempSync(join(tmpdir(), 'hook-'));
    onTestFinished(() => rmSync(root, {recursive: true, force: true}));
    const directory = join(root, 'shop');
    mkdirSync(directory);
    const store = new MarkdownStore({root: join(root, 'data'), log: new FakeLog()});
    const project = await store.projectOf(directory);
    await store.create(aDelegation({project, directory, state: anEnd()}));
    const log = join(root, '.local', 'state', 'opencode-delegate', 'host.log');
    return {root, directory, log, env: {HOME: root, OPENCODE_DELEGATE_DATA_DIR: join(root, 'data')}};
  }

  interface RunOptions {
    readonly args?: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** Without it, stdin stays open and empty. */
    readonly input?: string;
  }

  async function run({args = [], env, input}: RunOptions) {
    const given = input === undefined ? {} : {input};
    const {stdout, stderr, exitCode} = await execa(process.execPath, [BIN, 'hook', ...args], {
      ...{env, extendEnv: false, reject: false},
      ...given,
    });
    return {code: exitCode, stdout, stderr};
  }

  const prompt = (cwd: string) => JSON.stringify({session_id: 's', cwd, hook_event_name: 'UserPromptSubmit'});

  it('prints what there is to tell, and then nothing', async () => {
    const {directory, env, log} = await home();
    const first = await run({args: ['prompt', '--client', 'claude-code'], env, input: prompt(directory)});
    expect(first).toMatchObject({code: 0, stderr: ''});
    expect(first.stdout).toContain('swift-amber-otter: completed, not read yet.');
    const second = await run({args: ['prompt', '--client=codex'], env, input: prompt(directory)});
    expect(second.stdout).toContain('swift-amber-otter');
    const third = await run({args: ['prompt', '--client=codex'], env, input: prompt(directory)});
    expect(third).toEqual({code: 0, stdout: '', stderr: ''});
    expect(existsSync(log)).toBe(false);
  });

  it.each([
    ['bytes of its code are others', (file: Buffer) => file.fill(255, 100, 120)],
    ['it is cut off', (file: Buffer) => file.subarray(0, 1_000)],
    ['it is of zeros', (file: Buffer) => Buffer.alloc(file.length)],
    ['it is empty', () => Buffer.alloc(0)],
    ['it is one byte', () => Buffer.of(2)],
    [
      'another version of V8 has made it',
      (file: Buffer) => {
        const half = (file.length - 1) / 2;
        file.writeUInt32LE(7, 4);
        file.writeUInt32LE(7, half + 4);
        return file;
      },
    ],
  ])('compiles itself again when %s', async (_, changed) => {
    const {root, directory, env} = await home();
    const told = async (session: string) => {
      const input = JSON.stringify({...JSON.parse(prompt(directory)), session_id: session});
      const {code, stdout} = await run({args: ['prompt', '--client', 'claude-code'], env, input});
      return {code, isTold: stdout.includes('swift-amber-otter')};
    };
    const [cache, done] = [join(root, '.cache', 'opencode-delegate'), {code: 0, isTold: true}];
    expect(await told('a')).toEqual(done);
    const [name = '', ...others] = readdirSync(cache);
    expect(others).toEqual([]);
    const kept = () => readFileSync(join(cache, name));
    const whole = kept();
    writeFileSync(join(cache, name), changed(Buffer.from(whole)));
    const damaged = kept();
    expect(await told('b')).toEqual(done);
    const again = kept();
    expect(again.equals(damaged)).toBe(false);
    expect(await told('c')).toEqual(done);
    expect(kept().equals(again)).toBe(true);
  });

  it('reads what is unusual as well', async () => {
    const {root, directory, env} = await home();
    const store = new MarkdownStore({root: join(root, 'data'), log: new FakeLog()});
    const project = await store.projectOf(directory);
    const notes = [{number: 1, what: 'permission bash: ls', verdict: 'allowed' as const, at: 1}];
    await store.create(
      aDelegation({id: 'calm-blue-heron', project, directory, state: anEnd(), decisions: notes}),
    );
    const {stdout} = await run({args: ['prompt'], env, input: prompt(directory)});
    expect(stdout).toContain('calm-blue-heron: completed, not read yet.');
    expect(stdout).toContain('swift-amber-otter: completed, not read yet.');
  });

  it.each<[string, readonly string[], string | undefined, string]>([
    ['input that is no JSON', ['prompt'], 'hello', 'no JSON came on stdin'],
    ['an event that there is not', ['promt'], '{}', 'there is no event "promt"'],
    ['a client that there is not', ['prompt', '--client', 'emacs'], '{}', 'there is no client "emacs"'],
  ])('says nothing and lets the prompt go, with a line in the log: %s', async (_, args, input, why) => {
    const {env, log} = await home();
    const given = input === undefined ? {args, env} : {args, env, input};
    expect(await run(given)).toEqual({code: 0, stdout: '', stderr: ''});
    expect(readFileSync(log, 'utf8')).toContain(`warn hook ${args.join(' ')}: ${why}`);
  });

  it('ends by a signal where input never comes, as nothing calls back the thread that waits for it', async () => {
    const {env, log} = await home();
    const open = {env, extendEnv: false, reject: false} as const;
    const {stdout, stderr, exitCode, isTerminated} = await execa(
      process.execPath,
      [BIN, 'hook', 'prompt'],
      open,
    );
    expect({stdout, stderr, exitCode}).toEqual({stdout: '', stderr: ''});
    expect(isTerminated).toBe(true);
    expect(readFileSync(log, 'utf8')).toContain('warn hook prompt: no JSON came on stdin');
  });

  it('reads no terminal, and nothing where stdin is closed', async () => {
    const {env, log} = await home();
    for (const stdin of ['<&-', '</dev/null']) {
      const line = `"${process.execPath}" "${BIN}" hook prompt ${stdin}`;
      const {stdout, stderr, exitCode} = await execa('sh', ['-c', line], {env, extendEnv: false});
      expect({stdout, stderr, exitCode}).toEqual({stdout: '', stderr: '', exitCode: 0});
    }
    expect(readFileSync(log, 'utf8').match(/no JSON came on stdin/g)).toHaveLength(2);
  });

  it('says nothing where the data folder is none, and where there is no home', async () => {
    const {root, directory} = await home();
    writeFileSync(join(root, 'file'), '');
    const env = {HOME: root, OPENCODE_DELEGATE_DATA_DIR: join(root, 'file')};
    expect(await run({args: ['prompt'], env, input: prompt(directory)})).toMatchObject({code: 0, stdout: ''});
    const relative = {HOME: 'nowhere'};
    expect(await run({args: ['prompt'], env: relative, input: prompt(directory)})).toMatchObject({
      ...{code: 0, stdout: ''},
    });
  });

  it.skipIf(process.platform === 'win32')('waits for no pipe in the place of a file of ours', async () => {
    const {root, directory, env, log} = await home();
    const store = new MarkdownStore({root: join(root, 'data'), log: new FakeLog()});
    const record = join(root, 'data', await store.projectOf(directory), 'calm-blue-heron.md');
    const notices = join(root, 'data', '.notices', 'claude-code-s');
    for (const folder of [dirname(log), notices]) mkdirSync(folder, {recursive: true});
    await execa('mkfifo', [record, log, join(notices, 'looked')]);
    const {code, stdout} = await run({args: ['prompt'], env, input: prompt(directory)});
    expect({code, stdout}).toMatchObject({code: 0, stdout: expect.stringContaining('swift-amber-otter')});
  });

  it('says nothing to an agent that was delegated to', async () => {
    const {directory, env} = await home();
    const inside = {...env, OPENCODE_DELEGATE_INSIDE: '1'};
    expect(await run({args: ['prompt'], env: inside, input: prompt(directory)})).toEqual({
      ...{code: 0, stdout: '', stderr: ''},
    });
  });
});
