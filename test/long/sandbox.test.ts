import {once} from 'node:events';
import {existsSync, mkdirSync, readFileSync, renameSync, symlinkSync} from 'node:fs';
import {createServer} from 'node:http';
import {type AddressInfo, createServer as createSocketServer} from 'node:net';
import {dirname, join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {untilActivity} from '../support/client.ts';
import {canConfine} from '../support/confinement.ts';
import {eventually, openCodeIn, signalEach} from '../support/processes.ts';
import {Repository} from '../support/repository.ts';
import {hostsIn, NPM_BIN, recordsIn, type Sandbox} from '../support/sandbox.ts';
import {type Scene, setScene} from '../support/scene.ts';
import {shareHome} from '../support/shared-home.ts';

type Mode = 'on' | 'no-network';

/** A home that has keys of a person, and a file beside, in a place that the sandbox shows: what lies in /tmp it does not. */
function furnish({root}: Sandbox): void {
  new Repository(root, root).write({
    'home/.ssh/id_ed25519': 'TIGER key\n',
    'home/.netrc': 'TIGER password\n',
    'home/.local/share/opencode/auth.json': JSON.stringify({
      acme: {type: 'api', key: 'TIGER-login-0123456789'},
    }),
    'home/notes.txt': 'notes\n',
  });
}

/** A repository in such a home. */
async function confined(mode: Mode): Promise<Scene> {
  const scene = await setScene(undefined, optionsOf(mode));
  furnish(scene.sandbox);
  Repository.create(scene.sandbox.project, {home: scene.sandbox.root});
  return scene;
}

function optionsOf(mode: Mode) {
  return {env: {OPENCODE_DELEGATE_SANDBOX: mode}, config: {permission: 'allow'}};
}

/** What the commands print, one after the other, run by an agent in a worktree. */
async function printedBy({model, open}: Scene, commands: readonly string[]): Promise<readonly string[]> {
  let printed: readonly string[] = [];
  model.script(({toolResults}) => {
    printed = toolResults;
    const command = commands[toolResults.length];
    return command === undefined
      ? {text: 'done'}
      : {tool: 'bash', input: {command, description: 'a command'}};
  });
  const client = await open();
  const id = await client.delegate('Try it', {access: 'worktree'});
  const {text} = await client.read(id);
  expect(text).toContain(`${id} · completed · `);
  return printed;
}

const ours = ({dataDir}: Sandbox, ...names: string[]) => join(dataDir, ...names);

describe.runIf(canConfine)('in a sandbox', () => {
  const {TMPDIR} = process.env;

  beforeAll(() => {
    process.env.TMPDIR = '/var/tmp';
  });

  afterAll(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });

  const home = shareHome(optionsOf('on'));

  beforeAll(() => furnish(home.sandbox));

  /** A repository in the home that tests share which leave its keys, its configuration and its host as they are. */
  function beside(): Scene {
    const scene = home.scene();
    Repository.create(scene.sandbox.project, {home: scene.sandbox.root});
    return scene;
  }

  it('an agent writes in its worktree, and nowhere else', async () => {
    const scene = beside();
    const {sandbox} = scene;
    const {HOME = ''} = sandbox.env;
    const write = (path: string) => `echo x > "${path}" && echo written || echo refused`;
    // Rules of the session refuse a command that names the checkout: this one finds it by itself.
    const checkout = '$(git rev-parse --path-format=absolute --git-common-dir)';
    const places = [
      `${checkout}/../a.txt`,
      `${checkout}/config`,
      `${checkout}/hooks/post-commit`,
      join(HOME, '.bashrc'),
      join(HOME, '.config', 'opencode', 'opencode.json'),
      join(HOME, 'notes.txt'),
      '/usr/local/bin/x',
    ];
    const printed = await printedBy(scene, [
      write('new.txt'),
      ...places.map(write),
      `mount -o remount,rw,bind / ; unshare -Urm mount -o remount,rw,bind / ; ${write(join(HOME, '.profile'))}`,
    ]);
    expect(printed[0]).toContain('written');
    expect(printed.at(-1)).toContain('refused');
    for (const [at, path] of places.entries()) expect(printed[at + 1], path).toContain('refused');
    const repository = new Repository(sandbox.project, sandbox.root);
    expect(repository.git('log', '--all', '--format=%s', '--', 'new.txt')).not.toBe('');
    expect(readFileSync(join(sandbox.project, 'a.txt'), 'utf8')).toBe('a\n');
  });

  it('an agent sees no keys, no records, no host, no processes and no sockets of others', async () => {
    const scene = beside();
    const {sandbox} = scene;
    const {HOME = ''} = sandbox.env;
    const printed = await printedBy(scene, [
      `cat '${HOME}/.ssh/id_ed25519' '${HOME}/.netrc'; ls -A '${HOME}/.ssh'`,
      `find '${sandbox.dataDir}' '${HOME}/.local/state/opencode-delegate' -name '*.md' -o -name '*.lock' -o -name host.log -o -type s`,
      'cat /proc/[0-9]*/cmdline | tr "\\0" " "',
      'find /tmp /run -type s',
      `cat '${HOME}/notes.txt'; git log --oneline`,
      // Also by way of what the first process of the sandbox holds open.
      'for f in /proc/[0-9]*/fd/*; do [ -f "$f" ] && [ "$(stat -Lc %s "$f")" = 32 ] && cat "$f"; done',
      `ls -A '${HOME}/.local/share/opencode'`,
    ]);
    expect(printed.join('\n')).not.toContain('TIGER');
    expect(printed[1]).toBe('(no output)');
    expect(printed[2]).toContain('opencode serve');
    expect(printed[2]).not.toContain('main.cjs');
    expect(printed[3]).toBe('(no output)');
    // The rest of the machine can be read, the repository as well.
    expect(printed[4]).toContain('notes');
    expect(printed[4]).toContain('first');
    expect(printed[5]).toBe('(no output)');
    expect(printed[6]?.trim()).toBe('delegations');
    expect(recordsIn(sandbox)).not.toEqual([]);
    expect(hostsIn(sandbox.runtimeDir)).toHaveLength(1);
  });

  it.each(['on', 'no-network'] as const)(
    'no command reaches a socket of another program, wherever it lies (%s)',
    async (mode) => {
      const scene = await confined(mode);
      const {HOME = ''} = scene.sandbox.env;
      const heard: string[] = [];
      const places = ['.1password/agent.sock', 'my agents/of mine.sock', '.config/opencode/plain.sock'];
      for (const place of places) {
        const path = join(HOME, place);
        mkdirSync(dirname(path), {recursive: true});
        const server = createSocketServer((peer) => peer.on('data', () => heard.push(place)).end('TIGER'));
        server.listen(path);
        await once(server, 'listening');
        onTestFinished(() => {
          server.close();
        });
      }
      const reach = (path: string) =>
        `node -e "require('net').connect(process.argv[1]).on('data', (d) => console.log(String(d))).on('error', (e) => console.log('not reached', e.code)).end('sign')" '${path}'`;
      const printed = await printedBy(
        scene,
        places.map((place) => reach(join(HOME, place))),
      );
      expect(printed.map((text) => /^not reached/.test(text))).toEqual([true, true, true]);
      expect(heard).toEqual([]);
    },
  );

  it('the file tools and the MCP servers of an agent are inside as well', async () => {
    const scene = await confined('on');
    const {sandbox, model, open} = scene;
    const target = join(sandbox.env.HOME ?? '', 'by-mcp');
    sandbox.configure({
      ...sandbox.config,
      permission: 'allow',
      mcp: {out: {type: 'local', command: ['sh', '-c', `echo x > '${target}'`]}},
    });
    let printed: readonly string[] = [];
    model.script(({toolResults}) => {
      printed = toolResults;
      const filePath = join(sandbox.env.HOME ?? '', 'by-tool.txt');
      return toolResults.length === 0 ? {tool: 'write', input: {filePath, content: 'x'}} : {text: 'done'};
    });
    const client = await open();
    await client.read(await client.delegate('Break out', {access: 'worktree'}));
    expect(printed[0]).toContain('FileSystem.writeFile');
    expect(existsSync(target)).toBe(false);
    expect(existsSync(join(sandbox.env.HOME ?? '', 'by-tool.txt'))).toBe(false);
  });

  it('work goes on where it was: sessions are continued, and are apart from those of the person', async () => {
    const scene = beside();
    const {sandbox, model, open} = scene;
    model.script(({prompt}) => ({text: `answer to ${prompt}`}));
    const client = await open();
    const id = await client.delegate('first', {access: 'read-only'});
    expect((await client.read(id)).blocks[1]).toBe('answer to first');
    const next = await client.delegate('second', {continue: id});
    expect((await client.read(next)).blocks[1]).toBe('answer to second');
    expect(model.requests.at(-1)?.messages.length).toBeGreaterThan(2);
    expect(existsSync(ours(sandbox, '.sandbox', 'data', 'opencode', 'opencode.db'))).toBe(true);
  });

  it('without a network, no command reaches one, nor the logins, and the model is asked all the same', async () => {
    const scene = await confined('no-network');
    const {sandbox} = scene;
    const server = createServer((_, response) => response.end('TIGER of a server'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const reach = `node -e "fetch('${url}').then((r) => r.text()).then(console.log, (e) => console.log('unreachable', e.cause?.code))"`;
    const printed = await printedBy(scene, [
      reach,
      'cat "$XDG_DATA_HOME/opencode/auth.json"; ls -A "$XDG_DATA_HOME/opencode"',
      'cat ~/.local/share/opencode/auth.json',
      'echo x > new.txt && echo written',
      `cat '${sandbox.env.HOME}/.ssh/id_ed25519'`,
      // OpenCode's process sees the logins, and root's commands see that process.
      ...(process.getuid?.() === 0 ? [] : ['cat /proc/[0-9]*/root"$XDG_DATA_HOME"/opencode/auth.json']),
    ]);
    expect(printed[0]).toContain('unreachable');
    expect(printed.join('\n')).not.toContain('TIGER');
    expect(printed[3]).toContain('written');
  });

  it('an agent changes nothing of what the person has logged in with', async () => {
    const scene = beside();
    const theirs = join(scene.sandbox.env.HOME ?? '', '.local/share/opencode/auth.json');
    const before = readFileSync(theirs, 'utf8');
    // OpenCode would take its configuration from there, and run what it names, anyone who starts it next.
    const address = {'http://127.0.0.1:9': {type: 'wellknown', key: 'PATH', token: '/nowhere'}};
    const printed = await printedBy(scene, [
      'cat "$XDG_DATA_HOME/opencode/auth.json"',
      `echo '${JSON.stringify(address)}' > "$XDG_DATA_HOME/opencode/auth.json" && echo written || echo refused`,
    ]);
    expect(printed[0]).toContain('"acme"');
    expect(printed[1]).toContain('written');
    expect(readFileSync(theirs, 'utf8')).toBe(before);
    const inside = ours(scene.sandbox, '.sandbox/data/opencode/auth.json');
    await eventually(() => !readFileSync(inside, 'utf8').includes('wellknown'));
    expect(JSON.parse(readFileSync(inside, 'utf8'))).toEqual(JSON.parse(before));
  });

  it('nothing is left when the host is killed, and the way to go on is said', async () => {
    const scene = await confined('on');
    const {sandbox, model, open} = scene;
    const client = await open();
    await client.read(await client.delegate('hello', {access: 'read-only'}));
    expect(openCodeIn(sandbox.root)).not.toEqual([]);
    model.script(() => ({stall: 'Beginning'}));
    const id = await client.delegate('be killed', {access: 'read-only'});
    await untilActivity(client, id, /writing/);
    signalEach(hostsIn(sandbox.runtimeDir), 'SIGKILL');
    await client.close();
    await eventually(() => openCodeIn(sandbox.root).length === 0);
    const later = await open();
    // The person's own OpenCode does not know that session, so nobody is sent there.
    const {text} = await later.read(id);
    expect(text).toContain(`Go on with delegate(continue: "${id}").`);
  });

  it('configuration and data folder may be links, and a repository may bring a configuration', async () => {
    const scene = await confined('on');
    const {sandbox, model, open} = scene;
    const folder = join(sandbox.env.HOME ?? '', '.config', 'opencode');
    renameSync(folder, join(sandbox.root, 'dotfiles'));
    symlinkSync(join(sandbox.root, 'dotfiles'), folder);
    const repository = new Repository(sandbox.project, sandbox.root);
    repository.write({'.opencode/agent/mine.md': '---\nmode: primary\n---\nYou are mine.\n'});
    repository.commit('an agent');
    model.script(() => ({text: 'done'}));
    mkdirSync(join(sandbox.root, 'elsewhere'));
    const data = join(sandbox.root, 'data');
    symlinkSync(join(sandbox.root, 'elsewhere'), data);
    const client = await open({
      env: {OPENCODE_DELEGATE_DATA_DIR: data, OPENCODE_DELEGATE_SANDBOX: 'no-network'},
    });
    // What a repository brings is left aside where it is only read.
    for (const given of [{access: 'worktree', agent: 'mine'}, {access: 'read-only'}]) {
      const id = await client.delegate('hello', given);
      expect((await client.read(id)).text).toContain(`${id} · completed · `);
    }
    expect(model.requests.map(({system}) => system.includes('You are mine.'))).toEqual([true, false]);
  });

  it('access "agent" is refused, in words that say what can be had', async () => {
    const {open, model} = beside();
    const client = await open();
    const before = model.requests.length;
    const {text, isError} = await client.call('delegate', {prompt: 'hello'});
    expect(isError).toBe(true);
    expect(text).toContain('Give access "worktree", or "read-only".');
    expect(model.requests.length).toBe(before);
  });
});

it('a sandbox that cannot be is refused, with how to get it, and nothing runs outside of one', async () => {
  const {sandbox, open, model} = await setScene();
  Repository.create(sandbox.project, {home: sandbox.root});
  const bin = join(sandbox.root, 'bin');
  mkdirSync(bin);
  const client = await open({
    env: {OPENCODE_DELEGATE_SANDBOX: 'on', PATH: bin, OPENCODE_DELEGATE_BIN: join(NPM_BIN, 'opencode')},
  });
  const {text, isError} = await client.call('delegate', {prompt: 'hello', access: 'read-only'});
  expect(isError).toBe(true);
  expect(text).toContain('there is no `bwrap` on PATH');
  expect(openCodeIn(sandbox.root)).toEqual([]);
  expect(model.requests).toEqual([]);
});
