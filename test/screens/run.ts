import {chmodSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {createGate} from '../support/gate.ts';
import {BIN, createSandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {filmOf} from './film.ts';
import {Recording} from './recording.ts';

const PROMPT = 'Check that the deploy script works';
const ANSWER = `The deploy script works.

- It builds three packages, and would upload 14 files.
- It warns that DEPLOY_REGION is not set, and takes eu-west-1.`;
const SIZE = {cols: 92, rows: 24};
const [DOWN_TO_SHELL, CTRL_C] = ['q', '\u0003'];

/** Records a person who delegates, watches, allows what the agent asks for, and reads the result. */
export async function recordRun(): Promise<string> {
  const [begun, ended] = [createGate(), createGate()];
  const model = await ScriptedModel.start(async ({toolResults}) => {
    if (toolResults.length === 0) {
      await begun.opened;
      return {tool: 'bash', input: {command: './deploy --dry-run', description: 'Try the deploy script'}};
    }
    await ended.opened;
    return {text: ANSWER};
  });
  const sandbox = createSandbox({modelUrl: model.url, config: {permission: {bash: 'ask'}}});
  const folder = join(sandbox.root, 'bin');
  mkdirSync(folder);
  chmodSync(BIN, 0o755);
  symlinkSync(BIN, join(folder, 'opencode-delegate'));
  writeFileSync(join(sandbox.project, 'deploy'), '#!/bin/sh\necho "3 packages, 14 files"\n', {mode: 0o755});
  const env = {
    ...sandbox.env,
    PATH: `${folder}:${sandbox.env.PATH}`,
    OPENCODE_DELEGATE_ON_ASK: 'wait',
    OPENCODE_DELEGATE_ASK_SECONDS: '600',
    OPENCODE_DELEGATE_HOST_IDLE_SECONDS: '60',
  };
  const recording = new Recording({...sandbox, env}, SIZE);
  try {
    await recording.until((screen) => screen.includes('$'), 600);
    await recording.line(`opencode-delegate run "${PROMPT}"`);
    await recording.until((screen) => /^[a-z]+-[a-z]+-[a-z]+\s*\n\$/m.test(screen), 900);
    const [id = ''] = /^[a-z]+-[a-z]+-[a-z]+(?=\s*$)/m.exec(recording.screen) ?? [];
    await recording.line('opencode-delegate watch');
    await recording.until((screen) => screen.includes(`${id}  running`), 1_200);
    begun.open();
    await recording.until((screen) => screen.includes('needs you'), 1_500);
    recording.press(CTRL_C);
    await recording.until((screen) => /\n\$\s*$/.test(screen.trimEnd()), 400);
    await recording.line('opencode-delegate');
    await recording.until((screen) => screen.includes('NEEDS YOU (1)') && screen.includes('? help'), 3_000);
    const still = recording.frames.length - 1;
    recording.press('a');
    await recording.until((screen) => screen.includes('goes on.'), 1_500);
    ended.open();
    await recording.until((screen) => screen.includes('NOT READ YET (1)'), 2_000);
    recording.press(DOWN_TO_SHELL);
    await recording.until((screen) => /opencode-delegate\s*\n\$\s*$/.test(screen.trimEnd()), 400);
    await recording.line(`opencode-delegate show ${id}`);
    await recording.until((screen) => screen.includes('DEPLOY_REGION'), 5_000);
    const title =
      'A delegation from the shell: run, watch, an answer to its request in the live view, and its result';
    return filmOf(recording.frames, {columns: SIZE.cols, title, still});
  } finally {
    begun.open();
    ended.open();
    await recording.close();
    await sandbox.remove();
    await model.close();
  }
}
