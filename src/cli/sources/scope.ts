import {statSync} from 'node:fs';
import {resolve} from 'node:path';
import {inQuotes} from '../../base/safe-text.ts';
import {type Invocation, type OptionSpec, UsageError} from '../line/command.ts';
import type {RecordsOnDisk} from './records.ts';

/** Options of commands that look at more than one delegation. */
export const SCOPE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  project: {
    type: 'string',
    value: 'DIR',
    about: 'The project of this directory, or the one of this name. Default: where you are.',
  },
  all: {type: 'boolean', short: 'a', about: 'All projects.'},
};

/** The project that a command is about; `undefined` for all. @throws UsageError. */
export async function scopeOf(
  {text, has, cwd}: Invocation,
  records: RecordsOnDisk,
): Promise<string | undefined> {
  const given = text('project');
  if (has('all')) {
    if (given !== undefined) throw new UsageError('Give --project or --all, not both.');
    return undefined;
  }
  if (given === undefined) return records.projectOf(cwd);
  const path = resolve(cwd, given);
  if (statSync(path, {throwIfNoEntry: false})?.isDirectory() === true) return records.projectOf(path);
  if (records.projects().includes(given)) return given;
  throw new UsageError(`${inQuotes(given)} is no directory, and no project has that name.`);
}
