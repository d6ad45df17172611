import {readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {expect} from 'vitest';
import {allGone, processesIn} from './processes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Only a demo that hangs takes this long, also on a busy machine. */
const GIVE_UP_MS = 200_000;

export interface DemoRun {
  /** All that the demo makes is made here, and every process it starts has the path in its environment. */
  readonly temporary: string;
  readonly args?: readonly string[];
  /** It is interrupted as soon as it has printed that. */
  readonly interruptAt?: RegExp;
}

/** Runs a demo as a person does, and resolves when it has ended. */
export async function runDemo({temporary, args = [], interruptAt}: DemoRun) {
  const demo = execa(process.execPath, ['--import', 'tsx', 'test/demo/main.ts', ...args], {
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

/** What a demo has left, but for the cache of the tool that runs TypeScript. */
export function madeIn(temporary: string): readonly string[] {
  return readdirSync(temporary).filter((name) => /^opencode-delegate-/.test(name));
}

export async function expectNoProcessIn(temporary: string): Promise<void> {
  if (process.platform !== 'linux') return;
  await allGone(temporary);
  expect(processesIn(temporary)).toEqual([]);
}
