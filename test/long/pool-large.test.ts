import {mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {connect, type TestClient} from '../support/client.ts';
import {GitServer} from '../support/git-server.ts';
import {growLarge} from '../support/large-repository.ts';
import {PoolProcesses, type PoolScene, scriptHeld} from '../support/pool-processes.ts';
import {HOST_MODE, hostsIn} from '../support/sandbox.ts';

const FILES = 105;
const KEPT = 3;
const GIGABYTE = 1_000_000_000;
/** Of a process that had the repository in memory, it would be more than three times as much. */
const MOST_MEMORY = 350_000_000;
/** A gigabyte comes, is checked and is written, on a machine that does other things as well. */
const LONG = {timeout: 900_000};

/** Once is enough for a gigabyte: what runs in a host is tried. */
describe.skipIf(HOST_MODE === 'off')('a repository of a gigabyte', () => {
  let scene: PoolScene;
  let server: GitServer;
  let folder: string;
  let one: TestClient;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-large-')));
    scene = await PoolProcesses.withWorker('worker-1', {
      lease: 'usual',
      env: {OPENCODE_DELEGATE_POOL_FETCH: 'http'},
    });
    const {repository, sandbox} = scene.client;
    await growLarge(repository, {home: sandbox.env.HOME ?? '', files: FILES, kept: KEPT});
    mkdirSync(join(folder, 'server'));
    repository.git(
      'clone',
      '--quiet',
      '--bare',
      '--local',
      repository.path,
      join(folder, 'server/films.git'),
    );
    server = await GitServer.start({root: join(folder, 'server')});
    repository.git('remote', 'add', 'origin', `${server.url}/films.git`);
    one = await connect(sandbox);
  }, LONG.timeout);

  afterAll(async () => {
    await one.close();
    await scene.pool.close();
    await server.close();
    rmSync(folder, {recursive: true, force: true});
  });

  /** Delegates a file, and resolves with what was answered to that, and how many bytes the server has sent for it. */
  async function written(file: string, more: Record<string, unknown> = {}) {
    scriptHeld(scene.pool.model, file);
    const before = server.sent;
    const answer = await one.call('delegate', {prompt: `Write ${file}`, where: 'pool', ...more});
    const id = answer.text.split(' ')[0] ?? '';
    const {blocks} = await one.read(id, {wait_seconds: 600});
    expect(blocks[1], blocks.join('\n')).toBe(`Done with ${file}.`);
    const {repository} = scene.client;
    expect(repository.git('show', `delegation/${id}:${file}`)).toBe(file);
    return {answer: answer.text, sent: server.sent - before, branch: `delegation/${id}`};
  }

  function expectLittleMemory(): void {
    const {client, worker} = scene;
    const pids = [worker.pid, ...hostsIn(client.sandbox.runtimeDir)];
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(peakOf(pid)).toBeLessThan(MOST_MEMORY);
  }

  it('is fetched by the worker once; the next delegation moves what is new', LONG, async () => {
    const {repository} = scene.client;
    expect(bytesIn(join(repository.path, '.git'))).toBeGreaterThan(GIGABYTE);
    const first = await written('first.txt');
    expect(first.answer).toContain('The worker fetches commit ');
    expect(first.sent).toBeGreaterThan(GIGABYTE);
    expect(repository.git('diff', '--name-only', `main...${first.branch}`)).toBe('first.txt');
    expectLittleMemory();

    repository.write({'new.txt': 'new\n'});
    repository.commit('new');
    repository.git('push', '--quiet', join(folder, 'server/films.git'), 'main');
    const second = await written('second.txt');
    expect(second.answer).toContain('The worker fetches commit ');
    expect(second.sent).toBeLessThan(20_000);
    expect(repository.git('show', `${second.branch}:new.txt`)).toBe('new');
    expectLittleMemory();
  });

  it('travels with what no remote has in a bundle of that alone', LONG, async () => {
    const {repository} = scene.client;
    repository.write({'local.txt': 'local\n'});
    repository.commit('local');
    repository.write({'dirty.txt': 'dirty\n'});
    const {answer, sent, branch} = await written('third.txt', {include_changes: true});
    const [, size = ''] = /travels in a bundle of ([\d.]+ (?:bytes|kB))/.exec(answer) ?? [];
    expect(size, answer).toMatch(/bytes$|^\d(\.\d)? kB$/);
    expect(sent).toBeLessThan(20_000);
    expect(repository.git('show', `${branch}:local.txt`)).toBe('local');
    expect(repository.git('show', `${branch}:dirty.txt`)).toBe('dirty');
    expectLittleMemory();
  });

  it(
    'is refused where all of it would have to travel, with the number and what makes it so large',
    LONG,
    async () => {
      const {repository} = scene.client;
      repository.git('remote', 'remove', 'origin');
      const {isError, text} = await one.call('delegate', {prompt: 'Do it', where: 'pool'});
      expect(isError).toBe(true);
      expect(text).toMatch(
        /more than the 64 MB that may be sent: about 105\d MB in 5 commits\. The largest files: "?assets\/film-\d+\.bin"? \(10 MB\), /,
      );
      expectLittleMemory();
    },
  );
});

/** The most that a process has had in memory at once, in bytes. */
function peakOf(pid: number): number {
  const [, kilobytes = 'NaN'] =
    /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}

function bytesIn(path: string): number {
  const names = readdirSync(path, {recursive: true, encoding: 'utf8'});
  return names.reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}
