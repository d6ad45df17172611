import {mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {allGone, processesIn} from './support/processes.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Only a demo that hangs takes this long, also on a busy machine. */
const GIVE_UP_MS = 200_000;

describe('the demo', () => {
  /** All that the demo makes is made here, and every process it starts has the path in its environment. */
  let temporary: string;

  beforeEach(() => {
    temporary = realpathSync(mkdtempSync(join(tmpdir(), 'demo-test-')));
  });

  afterEach(() => {
    rmSync(temporary, {recursive: true, force: true, maxRetries: 5});
  });

  it('delegates two pieces of work, shows their progress and results, and leaves only the files it names', async () => {
    const {exitCode, stdout, stderr} = await runDemo();
    expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''});

    expect(stdout).toContain('docs/price.md lists the 3 functions that src/price.ts exports');
    expect(stdout).toContain('There are 3 TODOs in 2 files:');
    expect(stdout).toContain('- `discount(cents: number, percent: number): number`');
    expect(stdout).toMatch(/^ {2}\w+-\w+-\w+ +1 tool call · read .+ · \d+ s$/m);
    expect(stdout).not.toContain('\u001b');

    const files = [...stdout.matchAll(/^ {2}file +(.+\.md)$/gm)].map(([, file = '']) => file);
    expect(files).toHaveLength(2);
    for (const file of files) expect(readFileSync(file, 'utf8')).toMatch(/^---\nid: .+\nstatus: completed\n/);
    expect(made()).toEqual([expect.stringMatching(/^opencode-delegate-demo-/)]);
    await expectNoProcess();
  });

  it('clears up when it is interrupted', async () => {
    const {exitCode} = await runDemo({interruptAt: /tool calls? · /});
    expect(exitCode).toBe(130);
    expect(made()).toEqual([]);
    await expectNoProcess();
  });

  async function runDemo({interruptAt}: {interruptAt?: RegExp} = {}) {
    const demo = execa(process.execPath, ['--import', 'tsx', 'test/demo/main.ts'], {
      cwd: ROOT,
      env: {TMPDIR: temporary},
      reject: false,
      timeout: GIVE_UP_MS,
      // A process group of its own, so that it can be interrupted as a terminal does it: all of it at once.
      detached: true,
    });
    let seen = '';
    let isInterrupted = false;
    demo.stdout.on('data', (chunk: Buffer) => {
      seen += chunk;
      if (isInterrupted || demo.pid === undefined || interruptAt?.test(seen) !== true) return;
      isInterrupted = true;
      process.kill(-demo.pid, 'SIGINT');
    });
    return demo;
  }

  /** What is in the temporary folder, but for the cache of the tool that runs TypeScript. */
  function made(): readonly string[] {
    return readdirSync(temporary).filter((name) => /^opencode-delegate-/.test(name));
  }

  async function expectNoProcess(): Promise<void> {
    if (process.platform !== 'linux') return;
    await allGone(temporary);
    expect(processesIn(temporary)).toEqual([]);
  }
});
