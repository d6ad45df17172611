import {createScanner, type Node, type ParseError, parseTree, type SyntaxKind} from 'jsonc-parser';
import {Refusal} from '../../base/errors.ts';

/** Where something is in a JSON text: keys of objects, and places in lists. */
export type JsonPath = readonly (string | number)[];

/** A text with what was put into it, and which containers had to be made for it, outermost first. */
export interface Inserted {
  readonly text: string;
  readonly made: readonly JsonPath[];
}

/** Its enum is gone when the code runs. */
const COMMA: SyntaxKind.CommaToken = 5;
const INDENT = /^([ \t]+)\S/m;

/** The tree of a JSON text with comments; an empty text is an empty object. @throws Refusal where it cannot be read. */
function treeOf(text: string): Node {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, {allowTrailingComma: true});
  if (tree === undefined || errors.length > 0) {
    const line = text.slice(0, errors[0]?.offset ?? 0).split('\n').length;
    throw new Refusal(`It is no JSON that can be read: line ${line}.`);
  }
  if (tree.type !== 'object') throw new Refusal('It is JSON, but no object.');
  return tree;
}

/**
 * Puts a value into a JSON text, and changes nothing else of it: comments, order, indentation and line ends stay. The last
 * step of the path is a key, or `-` for a new last place of a list. Objects and lists on the way are made.
 * @throws Refusal where the text cannot be read, or something on the way is of another kind.
 */
export function insertJson(text: string, path: JsonPath, value: unknown): Inserted {
  if (text.trim() === '') {
    const made = path.slice(1).map((_, at) => path.slice(0, at + 1));
    return {text: `${rendered(nested(path, value), frameOf(text), '')}\n`, made};
  }
  let node = treeOf(text);
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1;
    if (step === '-') return {text: append(text, node, {value}), made: []};
    const next = valueAt(node, step);
    if (next === undefined) {
      const rest = path.slice(depth + 1);
      const made = rest.map((_, at) => path.slice(0, depth + 1 + at));
      return {text: append(text, node, {key: String(step), value: nested(rest, value)}), made};
    }
    const wanted = path[depth + 1] === '-' ? 'array' : 'object';
    if (isLast || next.type !== wanted)
      throw new Refusal(`${path.slice(0, depth + 1).join('.')} is there, and is no ${wanted}.`);
    node = next;
  }
  return {text, made: []};
}

/** Takes a value out of a JSON text, and leaves all else of it as it is. */
export function removeJson(text: string, path: JsonPath): string {
  const parent = path.slice(0, -1).reduce<Node | undefined>(valueAt, treeOf(text));
  const last = path.at(-1);
  const value = last === undefined ? undefined : valueAt(parent, last);
  if (parent === undefined || value === undefined) return text;
  const member = parent.type === 'object' ? (value.parent ?? value) : value;
  const siblings = parent.children ?? [];
  const at = siblings.indexOf(member);
  const before = siblings[at - 1];
  const end = member.offset + member.length;
  const comma = commaAfter(text, end);
  const isLast = at === siblings.length - 1;
  const from = ownLineStart(text, member.offset);
  const to = lineEnd(text, comma ?? end);
  const hasOwnLines = from !== undefined && to !== undefined;
  const without = hasOwnLines
    ? cut(text, from, to)
    : cut(
        text,
        before === undefined ? member.offset : endOf(before),
        before === undefined ? (siblings[1]?.offset ?? end) : end,
      );
  if (!hasOwnLines || !isLast || before === undefined || comma !== undefined) return closed(without, parent);
  const stray = commaAfter(without, endOf(before));
  return stray === undefined ? without : cut(without, stray - 1, stray);
}

/** Gives an object or a list that is empty, and was so in another text, the blanks that it had there. */
export function blanksOf(text: string, path: JsonPath, before: string): string {
  const node = path.reduce<Node | undefined>(valueAt, treeOf(text));
  const old = path.reduce<Node | undefined>(valueAt, treeOf(before));
  if (node === undefined || old === undefined || node.type !== old.type) return text;
  const had = before.slice(old.offset, endOf(old));
  const isBlank = [had, text.slice(node.offset, endOf(node))].every((one) => /^[[{]\s*[\]}]$/.test(one));
  return isBlank ? splice(text, node.offset, endOf(node), had) : text;
}

/** What an object or a list has in one of its places. Of a key that comes twice, clients take the last. */
function valueAt(node: Node | undefined, step: string | number): Node | undefined {
  if (node?.type === 'array' && typeof step === 'number') return node.children?.[step];
  if (node?.type !== 'object') return undefined;
  return node.children?.findLast(({children}) => children?.[0]?.value === step)?.children?.[1];
}

function nested(path: JsonPath, value: unknown): unknown {
  return path.reduceRight<unknown>((inner, step) => (step === '-' ? [inner] : {[step]: inner}), value);
}

/** Puts a last member into an object or a list. */
function append(text: string, node: Node, {key, value}: {key?: string; value: unknown}): string {
  const frame = frameOf(text);
  const close = node.offset + node.length - 1;
  const last = node.children?.at(-1);
  const indent = indentAt(text, close);
  const isOneLine = !text.slice(node.offset, close).includes('\n');
  const name = key === undefined ? '' : `${JSON.stringify(key)}: `;
  const line = (inner: string) => `${inner}${name}${rendered(value, frame, inner)}`;
  if (last === undefined) {
    if (text.slice(node.offset + 1, close).trim() === '')
      return splice(
        text,
        node.offset + 1,
        close,
        `${frame.eol}${line(indent + frame.unit)}${frame.eol}${indent}`,
      );
    // Only comments are in it: they stay above.
    return splice(
      text,
      close,
      close,
      `${isOneLine ? frame.eol : ''}${line(frame.unit)}${frame.eol}${indent}`,
    );
  }
  const end = endOf(last);
  const comma = commaAfter(text, end);
  if (isOneLine) {
    const flat = `${name}${JSON.stringify(value)}`;
    return comma === undefined
      ? splice(text, end, end, `, ${flat}`)
      : splice(text, comma, comma, ` ${flat},`);
  }
  const start = ownLineStart(text, close);
  const inner = indentAt(text, last.offset);
  if (start === undefined && text.slice(comma ?? end, close).trim() === '') {
    const put = `${comma === undefined ? ',' : ''}${frame.eol}${line(inner)}`;
    return splice(text, comma ?? end, comma ?? end, put);
  }
  const added =
    start === undefined
      ? splice(text, close, close, `${frame.eol}${line(inner)}${frame.eol}${indent}`)
      : splice(text, start, start, `${line(inner)}${comma === undefined ? '' : ','}${frame.eol}`);
  return comma === undefined ? splice(added, end, end, ',') : added;
}

interface Frame {
  readonly unit: string;
  readonly eol: string;
}

function frameOf(text: string): Frame {
  return {unit: INDENT.exec(text)?.[1] ?? '  ', eol: text.includes('\r\n') ? '\r\n' : '\n'};
}

function rendered(value: unknown, {unit, eol}: Frame, indent: string): string {
  return JSON.stringify(value, undefined, unit).replaceAll('\n', `${eol}${indent}`);
}

/** Where the comma ends that follows a member, comments between them aside. */
function commaAfter(text: string, end: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(end);
  return scanner.scan() === COMMA ? scanner.getTokenOffset() + scanner.getTokenLength() : undefined;
}

/** Where the line of an offset begins, if nothing but blanks is before it there. */
function ownLineStart(text: string, offset: number): number | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return start > 0 && text.slice(start, offset).trim() === '' ? start : undefined;
}

/** Where the next line begins, if nothing but blanks is before it. */
function lineEnd(text: string, offset: number): number | undefined {
  const next = text.indexOf('\n', offset) + 1;
  return next > 0 && text.slice(offset, next).trim() === '' ? next : undefined;
}

function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}

/** An object or list that has become empty has nothing but its brackets, unless it has comments. */
function closed(text: string, {offset, children}: Node): string {
  if ((children?.length ?? 0) > 1) return text;
  const empty = /^([[{])\s*([\]}])/.exec(text.slice(offset));
  return empty === null ? text : splice(text, offset, offset + empty[0].length, `${empty[1]}${empty[2]}`);
}

function endOf({offset, length}: Node): number {
  return offset + length;
}

function cut(text: string, from: number, to: number): string {
  return splice(text, from, to, '');
}

function splice(text: string, from: number, to: number, put: string): string {
  return text.slice(0, from) + put + text.slice(to);
}
