import {stat} from 'node:fs/promises';
import {resolve} from 'node:path';
import {dataDirOf} from '../base/data-dir.ts';
import {realPathSync} from '../base/real-path.ts';
import {inQuotes} from '../base/safe-text.ts';
import {workingDirectory} from '../base/working-directory.ts';
import {topOf} from '../git/top.ts';
import {CodeFinder} from '../opencode/trust/brought-code.ts';
import {repositoryOf} from '../opencode/trust/levels.ts';
import {trustedIn} from '../opencode/trust/repository-trust.ts';

export interface TrustOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Absent where what is trusted is to be listed. */
  readonly directory: string | undefined;
  readonly remove: boolean;
}

/** Allows what a directory brings to run, takes that back, or lists what is allowed. */
export async function trust({env, directory, remove}: TrustOptions): Promise<void> {
  const trusted = trustedIn(dataDirOf(env));
  if (directory === undefined) {
    const roots = (await trusted.all()).map(({root}) => root);
    print(roots.length === 0 ? ['Nothing is trusted.'] : roots.map(inQuotes));
    return;
  }
  const path = resolve(workingDirectory(), directory);
  if (remove) {
    const root = repositoryOf(path) ?? realPathSync(path);
    const wasThere = await trusted.remove(root);
    print([`${inQuotes(root)} ${wasThere ? 'is no longer' : 'was not'} trusted.`]);
    return;
  }
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    process.stderr.write(`${inQuotes(path)} is no directory. Nothing has changed.\n`);
    process.exitCode = 1;
    return;
  }
  const code = await new CodeFinder({env, topOf}).find(path);
  if (code === undefined) {
    print([`${inQuotes(path)} brings nothing that OpenCode runs by itself: it needs no trust.`]);
    return;
  }
  await trusted.add(code);
  print([
    `Trusted until it changes: ${inQuotes(code.root)}`,
    'OpenCode runs this by itself, with your rights, when somebody delegates there:',
    ...code.names.map((name) => `  ${inQuotes(name)}`),
    'What that imports or downloads can change without another question.',
  ]);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
