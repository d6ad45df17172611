import {chmodSync, mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {expectNoProcessIn, madeIn, runDemo} from '../support/demo.ts';

describe('the demo of a pool', () => {
  let temporary: string;

  beforeEach(() => {
    temporary = realpathSync(mkdtempSync(join(tmpdir(), 'demo-test-')));
    // Where this is root, Postgres runs as another user, who has to get to its programs.
    chmodSync(temporary, 0o711);
  });

  afterEach(() => {
    rmSync(temporary, {recursive: true, force: true, maxRetries: 5});
  });

  it('has a worker go on while the lid is closed, and shows the branch that comes home', async () => {
    const {exitCode, stdout, stderr} = await runDemo({temporary, args: ['--pool']});
    expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''});
    expect(stdout).toMatch(/worker +worker big-machine takes work/);
    expect(stdout).toMatch(/^ {2}code +Commit [0-9a-f]+ travels in a bundle of /m);
    expect(stdout).toMatch(
      /The lid is closed.*\n.*interrupted: 0\. Those in the pool go on: 1\..*\n.*busy: 1 of 4.*\n.*busy: 0 of 4/,
    );
    const [, id] = /^ +([a-z-]+) · completed · /m.exec(stdout) ?? [];
    expect(stdout).toContain(`Branch: delegation/${id} at `);
    expect(stdout).toMatch(/Its branch is in your repository\n.*\n +docs\/price\.md \| 5 \+{5}/);
    expect(stdout).toContain('- `discount(cents: number, percent: number): number`');
    expect(stdout).not.toContain('\u001b');
    expect(madeIn(temporary)).toEqual([expect.stringMatching(/^opencode-delegate-demo-/)]);
    await expectNoProcessIn(temporary);
  });

  it('clears up when it is interrupted', async () => {
    const {exitCode} = await runDemo({temporary, args: ['--pool'], interruptAt: /The lid is closed/});
    expect(exitCode).toBe(130);
    expect(madeIn(temporary)).toEqual([]);
    await expectNoProcessIn(temporary);
  });
});
