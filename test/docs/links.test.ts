import {existsSync} from 'node:fs';
import {posix} from 'node:path';
import {describe, expect, it} from 'vitest';
import {DOCUMENTS} from '../support/documents.ts';
import {type Page, readText} from '../support/markdown.ts';

/** Links within this repository, as `file#anchor` from its root. */
function internal({path, links}: Page): readonly {file: string; anchor: string | undefined}[] {
  return links
    .filter((address) => !/^[a-z]+:/.test(address))
    .map((address) => {
      const [file = '', anchor] = address.split('#');
      return {file: file === '' ? path : posix.join(posix.dirname(path), file), anchor};
    });
}

describe.each(DOCUMENTS)('the links of $path', (page) => {
  it('lead to files that there are', () => {
    const missing = internal(page).filter(
      ({file}) => !existsSync(new URL(`../../${file}`, import.meta.url)) || file.startsWith('..'),
    );
    expect(missing).toEqual([]);
  });

  it('lead to headings that there are', () => {
    const broken = internal(page).filter(({file, anchor}) => {
      const target = DOCUMENTS.find(({path}) => path === file);
      return anchor !== undefined && target?.anchors.includes(anchor) !== true;
    });
    expect(broken).toEqual([]);
  });
});

it('headings of a document are told apart by their anchors', () => {
  for (const {path, anchors} of DOCUMENTS.filter(({path}) => path !== 'CHANGELOG.md')) {
    expect(new Set(anchors).size, path).toBe(anchors.length);
  }
});

describe('the English', () => {
  // Each of these has a plain word that readers know: anyone, hears of, per line, fix, again.
  const odd = /\b(?:whoever|(?:is|are) told of|one a line|mend|anew)\b/i;

  it.each(DOCUMENTS)('of $path has no words that stop a reader', ({text}) => {
    expect(text).not.toMatch(odd);
  });
});

describe('what is to be copied', () => {
  it.each(DOCUMENTS)('never starts npx in a project ($path)', ({path, fences}) => {
    const commands = path.startsWith('.github/') ? [] : fences;
    expect(commands.join('')).not.toMatch(/\bnpx\b/);
  });

  it('nor does the example', () => {
    expect(readText('mcp.json.example')).not.toMatch(/\bnpx\b/);
  });
});
