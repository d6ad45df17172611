import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {z} from 'zod';
import {messageOf} from '../../base/errors.ts';
import {withTimeout} from '../../base/with-timeout.ts';
import type {Launch} from '../clients/ours.ts';

/** A start takes a second; a busy machine, ten. */
const PATIENCE_MS = 30_000;
const PROTOCOL = '2025-06-18';

const answer = z.object({id: z.number(), result: z.object({tools: z.array(z.unknown()).optional()})});

/** What came of the proof: how many tools there are, or why there is none, in a sentence. */
export type Proof = {readonly tools: number} | {readonly why: string};

/** Starts an entry as a client would, and has it list its tools; then ends it. */
export async function prove(
  {command, args}: Launch,
  {env, cwd, version}: {readonly env: NodeJS.ProcessEnv; readonly cwd: string; readonly version: string},
): Promise<Proof> {
  const child = spawn(command, [...args], {
    ...{env, cwd, stdio: ['pipe', 'pipe', 'ignore']},
    shell: process.platform === 'win32',
  });
  const gone = new Promise<Proof>((resolve) => {
    child.once('error', (error) => resolve({why: `it cannot be started: ${messageOf(error)}`}));
    child.once('close', (code) => resolve({why: `it ended with ${code}`}));
  });
  child.stdin.on('error', () => {});
  const say = (message: object) => child.stdin.write(`${JSON.stringify({jsonrpc: '2.0', ...message})}\n`);
  const listed = new Promise<Proof>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      const {data} = answer.safeParse(jsonIn(line));
      if (data?.id === 1) {
        say({method: 'notifications/initialized'});
        say({id: 2, method: 'tools/list'});
      } else if (data?.result.tools !== undefined) resolve({tools: data.result.tools.length});
    });
  });
  const clientInfo = {name: 'opencode-delegate-install', version};
  say({id: 1, method: 'initialize', params: {protocolVersion: PROTOCOL, capabilities: {}, clientInfo}});
  const late: Proof = {why: `it has not answered within ${PATIENCE_MS / 1_000} s`};
  const proof = await withTimeout(PATIENCE_MS, Promise.race([listed, gone]), late);
  child.stdin.end();
  // A server ends with its client; one that does not is no server of ours to keep.
  if ((await withTimeout(PATIENCE_MS / 10, gone, undefined)) === undefined) child.kill('SIGKILL');
  return proof;
}

function jsonIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
