import {spawn} from 'node:child_process';
import {once} from 'node:events';
import type {Terminal} from './terminal.ts';

/** As git starts it: colours are shown, and what fits on the screen needs no key to leave. */
const LESS = 'FRX';

/**
 * Prints lines: at a terminal through the person's pager, elsewhere as they are. Resolves when the person has left it.
 */
export async function printPaged(
  lines: readonly string[],
  {terminal, env}: {readonly terminal: Terminal; readonly env: NodeJS.ProcessEnv},
): Promise<void> {
  const pager = env.PAGER?.trim() ?? 'less';
  if (!terminal.isTerminal || pager === '' || pager === 'cat' || env.TERM === 'dumb') {
    terminal.print(...lines);
    return;
  }
  const child = spawn(pager, {
    ...{shell: true, stdio: ['pipe', 'inherit', 'ignore']},
    env: {...env, LESS: env.LESS ?? LESS},
  });
  // Who leaves it early has seen enough.
  child.stdin?.on('error', () => {});
  child.stdin?.end(`${lines.join('\n')}\n`);
  const isShown = await once(child, 'close').then(
    ([code]) => code !== 127,
    () => false,
  );
  if (!isShown) terminal.print(...lines);
}
