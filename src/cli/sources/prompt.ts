import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {text as allOf} from 'node:stream/consumers';
import {messageOf} from '../../base/errors.ts';
import {type Invocation, type OptionSpec, UsageError} from '../line/command.ts';

export const PROMPT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  file: {type: 'string', short: 'f', value: 'FILE', about: 'Read the prompt from a file; - is stdin.'},
};

/**
 * The prompt that a person gives: as an argument, in a file, or on stdin where that is no terminal.
 * @throws UsageError when it is given twice, or the file cannot be read.
 */
export async function promptOf(
  {text, cwd}: Invocation,
  argument: string | undefined,
): Promise<string | undefined> {
  const file = text('file');
  if (argument !== undefined && file !== undefined)
    throw new UsageError('Give the prompt as an argument or with --file, not both.');
  if (argument !== undefined && argument !== '-') return argument;
  if (file !== undefined && file !== '-') {
    try {
      return readFileSync(resolve(cwd, file), 'utf8');
    } catch (error) {
      throw new UsageError(`The prompt cannot be read: ${messageOf(error)}`, {cause: error});
    }
  }
  const isAsked = file === '-' || argument === '-';
  return isAsked || process.stdin.isTTY !== true ? allOf(process.stdin) : undefined;
}
