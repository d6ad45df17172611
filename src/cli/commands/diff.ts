import {readFile} from 'node:fs/promises';
import {fileLine} from '../../base/safe-text.ts';
import {patchOf, withChange} from '../../git/change.ts';
import {type Command, EXIT} from '../line/command.ts';
import {keptWorkOf} from '../sources/kept-work.ts';
import {printPaged} from '../terminal/pager.ts';
import type {Style, Terminal} from '../terminal/terminal.ts';

/** What a line of a patch is, by how it begins. Within a file's part, the first character decides. */
const HEADER =
  /^(?:diff --git |index |(?:---|\+\+\+) |(?:old|new|deleted file|new file) mode |(?:similarity|dissimilarity) |(?:rename|copy) |Binary files )/;

export const diff: Command = {
  usage: '<id> [options]',
  about:
    "Shows what a delegation with access worktree has changed since its worktree was made, also what is not committed. It looks while the agent works as well. Nothing of the repository's configuration is run for it.",
  options: {
    stat: {type: 'boolean', about: 'Only the files, with how much has changed in each.'},
    'name-only': {type: 'boolean', about: 'Only the names of the files.'},
  },
  examples: [
    ['diff swift-amber-otter', 'read the change, in colour and in your pager'],
    ['diff swift-amber-otter --stat', 'the files alone'],
    ['diff swift-amber-otter > otter.patch', 'keep it to read elsewhere; apply puts it into your files'],
  ],
  takes: {least: 1, most: 1},
  async run(call) {
    const {terminal, has, env} = call;
    const {worktree, place} = await keptWorkOf(call);
    const form = has('stat') ? ['--stat=100'] : has('name-only') ? ['--name-only'] : [];
    await withChange(place, worktree, async (change) => {
      for (const note of change.notes) terminal.complain(note);
      const file = await patchOf(change, [change.base, change.tree], form);
      const text = await readFile(file, 'utf8');
      if (text === '') return terminal.complain('Nothing is changed.');
      const lines = text.replace(/\n$/, '').split('\n');
      await printPaged(form.length > 0 ? lines.map(fileLine) : coloured(lines, terminal), {terminal, env});
    });
    return EXIT.ok;
  },
};

/** Lines of a patch, each safe to show, in the colours that git gives them. */
function coloured(lines: readonly string[], terminal: Terminal): readonly string[] {
  let isInHunk = false;
  return lines.map((line) => {
    if (line.startsWith('diff --git ')) isInHunk = false;
    else if (line.startsWith('@@ ')) isInHunk = true;
    return terminal.paint(lookOf(line, isInHunk), fileLine(line));
  });
}

function lookOf(line: string, isInHunk: boolean): Style {
  if (!isInHunk) return HEADER.test(line) ? 'strong' : 'plain';
  if (line.startsWith('@@ ')) return 'busy';
  if (line.startsWith('+')) return 'good';
  return line.startsWith('-') ? 'bad' : 'plain';
}
