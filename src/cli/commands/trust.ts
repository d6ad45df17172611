import {stat} from 'node:fs/promises';
import {resolve} from 'node:path';
import {dataDirOf} from '../../base/data-dir.ts';
import {realPathSync} from '../../base/real-path.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {topOf} from '../../git/top.ts';
import {CodeFinder} from '../../opencode/trust/brought-code.ts';
import {repositoryOf} from '../../opencode/trust/levels.ts';
import {trustedIn} from '../../opencode/trust/repository-trust.ts';
import {type Command, EXIT, UsageError} from '../line/command.ts';

export const trust: Command = {
  usage: '<directory> [--remove] | --list',
  about:
    'Lets the code that a repository brings run when somebody delegates there: OpenCode plugins, local MCP servers, custom tools. It is asked again when that code changes.',
  options: {
    remove: {type: 'boolean', about: 'Take it back.'},
    list: {type: 'boolean', about: 'Show what is trusted.'},
  },
  examples: [
    ['trust .', 'trust the repository that you are in, as it is now'],
    ['trust --list', 'show what is trusted'],
  ],
  takes: {least: 0, most: 1},
  async run({env, args, has, cwd, terminal}) {
    const [directory] = args;
    if ((directory === undefined) !== has('list')) throw new UsageError('Give one directory, or --list.');
    const {lines, isDone} = await change({env, directory, cwd, remove: has('remove')});
    if (isDone) terminal.print(...lines);
    else terminal.complain(lines.join('\n'));
    return isDone ? EXIT.ok : EXIT.failed;
  },
};

interface TrustOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Absent where what is trusted is to be listed. */
  readonly directory: string | undefined;
  readonly remove: boolean;
}

interface Outcome {
  readonly lines: readonly string[];
  readonly isDone: boolean;
}

/** Allows what a directory brings to run, takes that back, or lists what is allowed. */
async function change({env, cwd, directory, remove}: TrustOptions): Promise<Outcome> {
  const trusted = trustedIn(dataDirOf(env));
  if (directory === undefined) {
    const roots = (await trusted.all()).map(({root}) => root);
    return done(roots.length === 0 ? ['Nothing is trusted.'] : roots.map(inQuotes));
  }
  const path = resolve(cwd, directory);
  if (remove) {
    const root = repositoryOf(path) ?? realPathSync(path);
    const wasThere = await trusted.remove(root);
    return done([`${inQuotes(root)} ${wasThere ? 'is no longer' : 'was not'} trusted.`]);
  }
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    return {lines: [`${inQuotes(path)} is no directory. Nothing has changed.`], isDone: false};
  }
  const code = await new CodeFinder({env, topOf}).find(path);
  if (code === undefined) {
    return done([`${inQuotes(path)} brings nothing that OpenCode runs by itself: it needs no trust.`]);
  }
  await trusted.add(code);
  return done([
    `Trusted until it changes: ${inQuotes(code.root)}`,
    'OpenCode runs this by itself, with your rights, when somebody delegates there:',
    ...code.names.map((name) => `  ${inQuotes(name)}`),
    'What that imports or downloads can change without another question.',
  ]);
}

function done(lines: readonly string[]): Outcome {
  return {lines, isDone: true};
}
