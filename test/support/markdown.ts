import {readFileSync} from 'node:fs';

/** One of the documents of this repository, by its path from the root. */
export class Page {
  readonly path: string;
  readonly text: string;

  constructor(path: string) {
    this.path = path;
    this.text = readText(path);
  }

  /** The text from a heading to the next one of the same or a higher level. @throws Error when there is none. */
  section(heading: string): string {
    const level = heading.indexOf(' ');
    const lines = this.text.split('\n');
    const start = lines.indexOf(heading);
    if (start === -1) throw new Error(`${this.path} has no heading "${heading}"`);
    // What looks like a heading in a block of code is none.
    let isCode = false;
    const end = lines.findIndex((line, n) => {
      if (line.startsWith('```')) isCode = !isCode;
      return n > start && !isCode && new RegExp(`^#{1,${level}} `).test(line);
    });
    return lines.slice(start + 1, end === -1 ? undefined : end).join('\n');
  }

  /** The rows of the first table under a heading, without its head. */
  table(heading: string): readonly (readonly string[])[] {
    const rest = this.section(heading).split('\n');
    const lines = rest.slice(rest.findIndex(isRow));
    const end = lines.findIndex((line) => !isRow(line));
    return lines.slice(2, end === -1 ? undefined : end).map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }

  /**
   * The first block of code in that language under a heading, or the first without a language for `''`.
   * @throws Error when there is none.
   */
  fence(heading: string, language: string): string {
    const fence = fencesIn(this.section(heading)).find((one) => one.language === language);
    if (fence === undefined) throw new Error(`${this.path} has no ${language} under "${heading}"`);
    return fence.content;
  }

  json(heading: string): unknown {
    return JSON.parse(this.fence(heading, 'json'));
  }

  /** All blocks of code that name a language. */
  get fences(): readonly string[] {
    return fencesIn(this.text)
      .filter(({language}) => language !== '')
      .map(({content}) => content);
  }

  /** The addresses of its links, without those that only look like one in code. */
  get links(): readonly string[] {
    const prose = proseOf(this.text).replace(/`[^`\n]*`/g, '');
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, address = '']) => address);
  }

  /** What a link can name after `#`, as GitHub makes it of headings. */
  get anchors(): readonly string[] {
    return [...proseOf(this.text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    );
  }
}

/** The text of a file, by its path from the root of the repository. */
export function readText(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** The texts between back-ticks. */
export function codes(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** A block of code, from its first line of back-ticks to the next one. */
const FENCE = /^```(\w*)\n(.*?)\n?^```$/gms;

function fencesIn(text: string): readonly {readonly language: string; readonly content: string}[] {
  return [...text.matchAll(FENCE)].map(([, language = '', content = '']) => ({language, content}));
}

function proseOf(text: string): string {
  return text.replace(FENCE, '');
}

function isRow(line: string): boolean {
  return line.startsWith('|');
}
