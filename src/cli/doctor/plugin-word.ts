import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {EXIT} from '../line/command.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The file into which the plugin writes where it lies, when OpenCode loads it. */
export interface PluginWord {
  readonly file: string;
  /** What it says; `undefined` where nobody has written it. */
  read(): string | undefined;
  /** Removes it. Idempotent. */
  forget(): void;
}

/** Makes room for that file. A person who interrupts leaves none behind. */
export function expectWord(): PluginWord {
  const folder = mkdtempSync(join(tmpdir(), 'opencode-delegate-doctor-'));
  const file = join(folder, 'plugin');
  const forget = () => {
    for (const signal of SIGNALS) process.off(signal, leave);
    rmSync(folder, {recursive: true, force: true});
  };
  const leave = () => {
    forget();
    process.exit(EXIT.failed);
  };
  for (const signal of SIGNALS) process.on(signal, leave);
  const read = () => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return undefined;
    }
  };
  return {file, read, forget};
}
