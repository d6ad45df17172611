/**
 * Makes the pictures in docs/screens: real commands at a real terminal, on a real host and a real OpenCode whose model is
 * scripted. `npm run screens`.
 */
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';
import {runCommand} from '../support/command.ts';
import {createGate} from '../support/gate.ts';
import {eventually} from '../support/processes.ts';
import {BIN, createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {recordRun} from './run.ts';
import {svgOf} from './svg.ts';

const FOLDER = fileURLToPath(new URL('../../docs/screens', import.meta.url));
const TERM = 'xterm-256color';
const WAITING = {OPENCODE_DELEGATE_ON_ASK: 'wait', OPENCODE_DELEGATE_ASK_SECONDS: '600'};

/** What people delegate, and what becomes of it here. */
const WORK = {
  review: 'Review the error handling in src/cart.ts',
  tests: 'Write tests for the discount rules',
  upgrade: 'Find out what the upgrade to Node 24 needs',
  deploy: 'Check that the deploy script works',
} as const;

const held = createGate();
const model = await ScriptedModel.start(async ({prompt, toolResults}) => {
  const step = toolResults.length;
  if (prompt === WORK.deploy && step === 0)
    return {tool: 'bash', input: {command: './deploy --dry-run', description: 'Try the deploy script'}};
  if (prompt === WORK.tests && step === 0) return {tool: 'glob', input: {pattern: 'src/**/*.ts'}};
  if (prompt === WORK.tests || prompt === WORK.deploy) await held.opened;
  return {text: `Done: ${prompt.toLowerCase()}. Three findings, each with its file and line.`};
});
const sandbox = createSandbox({modelUrl: model.url, config: {permission: {bash: 'ask'}}});
try {
  await main(sandbox);
} finally {
  held.open();
  await sandbox.remove();
  await model.close();
}
writeFileSync(join(FOLDER, 'run.svg'), await recordRun());
process.stdout.write('docs/screens/run.svg\n');

async function main({env}: Sandbox): Promise<void> {
  const run = (...args: string[]) => runCommand(sandbox, args, {env: WAITING});
  await run('run', WORK.upgrade, '--access', 'read-only', '--wait');
  await run('run', WORK.review, '--access', 'read-only', '--wait');
  await run('run', WORK.tests);
  await run('run', WORK.deploy);
  await eventually(async () => (await run('list')).stdout.includes('NEEDS YOU'));
  await eventually(async () => (await run('list')).stdout.includes('glob'));
  await picture('view', [], {env, size: {cols: 120, rows: 30}, until: 'NEEDS YOU'});
}

interface PictureOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly size: {readonly cols: number; readonly rows: number};
  /** It is taken when this is on the screen, or the command has ended. */
  readonly until: string;
}

async function picture(
  name: string,
  args: readonly string[],
  {env, size, until}: PictureOptions,
): Promise<void> {
  const terminal = new xterm.Terminal({...size, allowProposedApi: true});
  const program = spawn(process.execPath, [BIN, ...args], {
    ...{...size, name: TERM, cwd: sandbox.project, env: {...env, TERM}},
  });
  let isOver = false;
  program.onData((data) => terminal.write(data));
  terminal.onData((data) => program.write(data));
  program.onExit(() => {
    isOver = true;
  });
  await eventually(() => isOver || textOf(terminal).includes(until));
  await new Promise<void>((resolve) => terminal.write('', resolve));
  writeFileSync(join(FOLDER, `${name}.svg`), svgOf(terminal, `opencode-delegate ${args.join(' ')}`.trim()));
  if (!isOver) program.kill('SIGTERM');
  await eventually(() => isOver);
  terminal.dispose();
  process.stdout.write(`docs/screens/${name}.svg\n`);
}

function textOf({buffer, rows}: xterm.Terminal): string {
  const lines = Array.from({length: rows}, (_, y) => buffer.active.getLine(buffer.active.viewportY + y));
  return lines.map((line) => line?.translateToString(true) ?? '').join('\n');
}
