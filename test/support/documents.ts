import {readdirSync} from 'node:fs';
import {Page} from './markdown.ts';

/** The pages below docs/. */
export const DOCS: readonly string[] = namesIn('docs');

/** Every document of this repository that links to others. */
export const DOCUMENTS: readonly Page[] = ['README.md', 'CHANGELOG.md', ...DOCS, ...namesIn('.github')].map(
  (path) => new Page(path),
);

function namesIn(folder: string): readonly string[] {
  return readdirSync(new URL(`../../${folder}`, import.meta.url))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `${folder}/${name}`);
}
