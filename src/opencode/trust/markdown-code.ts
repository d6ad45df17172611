import {isInertMarkdown} from './inert-markdown.ts';
import type {WatchedFiles} from './watched-files.ts';

/** OpenCode looks through all of these folders; more would make it slow as well. */
const MAX_FILES = 10_000;
const MARKDOWN = /\.md$/i;

export interface MarkdownCode {
  readonly name: string;
  readonly note?: string;
  readonly digest: string;
}

/** The markdown in a folder that OpenCode, when it reads it, may run as a program. */
export function codeInMarkdown(
  folder: string,
  {files, skip, nameOf}: {files: WatchedFiles; skip?: readonly string[]; nameOf: (path: string) => string},
): readonly MarkdownCode[] {
  const {files: all, isWhole} = files.tree(folder, {limit: MAX_FILES, ...(skip && {skip})});
  const found = all
    .filter((path) => MARKDOWN.test(path))
    .flatMap((path) => {
      const content = files.bytes(path);
      if (content === undefined || isInertMarkdown(content)) return [];
      return [{name: `front matter of ${nameOf(path)}`, digest: files.digest(path) ?? ''}];
    });
  if (isWhole) return found;
  const note = ': more files than can be looked at';
  return [...found, {name: `markdown in ${nameOf(folder)}`, note, digest: ''}];
}
