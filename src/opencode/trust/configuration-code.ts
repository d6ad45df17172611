import {basename} from 'node:path';
import {getNodePath, getNodeValue, type Node, type ParseError, parse, parseTree} from 'jsonc-parser';
import {
  countReferences,
  filesReferredTo,
  filled,
  hasVariable,
  type ReferencePlace,
} from '../settings/references.ts';
import {childrenOf, propertiesOf, settingsToTrust, type TextCheck} from './inert-settings.ts';

const OPTIONS = {allowTrailingComma: true};

/** What OpenCode writes into a configuration that does not have it. */
const ADDED = /^\s*\{(?:\n {2}"\$schema": "https:\/\/opencode\.ai\/config\.json",)?/;

/** What a configuration has under these names is called this. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['mcp', 'MCP server'],
  ['formatter', 'formatter'],
  ['lsp', 'language server'],
  ['plugin', 'plugin'],
  ['plugins', 'plugin'],
  ['provider', 'provider'],
  ['providers', 'provider'],
]);

/** A part of a configuration that is not known to be inert. */
export interface CodeEntry {
  /** What it is, in a few words. */
  readonly name: string;
  /** As it is written; references to variables stay, for each environment has its own values. */
  readonly value: unknown;
  /** The files that it takes parts of itself from. */
  readonly parts: readonly string[];
  /** All texts in it: some may name files that it loads. */
  readonly words: readonly string[];
  /** The folders that it works in. */
  readonly cwds: readonly string[];
  readonly isPlugin: boolean;
}

export interface ConfigurationCode {
  readonly entries: readonly CodeEntry[];
  /** Where it says that more skills are. */
  readonly skills: readonly string[];
}

export interface ReadingOptions extends ReferencePlace {
  /** The content of a file that the configuration refers to; empty where it cannot be read. */
  readonly file: (path: string) => string;
  /** True for a file that really lies in the repository. */
  readonly isOwnFile: (path: string) => boolean;
  /** True for a path, or a pattern of paths, that leads nowhere out of the repository. */
  readonly isInside: (path: string) => boolean;
}

/** What a configuration makes OpenCode run, load, fetch or send by itself. */
export function codeInConfiguration(text: string, options: ReadingOptions): ConfigurationCode {
  const root = readForCertain(text);
  const effective: unknown = parse(filled(text, options), [], OPTIONS);
  const skills = [effective, parse(text, [], OPTIONS)].flatMap(skillsIn);
  if (root === undefined) return {entries: [unclear(text, effective, options)], skills};
  return {entries: settingsToTrust(root, checkOf(options)).map((node) => entryOf(node, options)), skills};
}

/**
 * The configuration as both of OpenCode's readers have it, and one that fills in references first as well as one that
 * does not; `undefined` where they could differ.
 */
function readForCertain(text: string): Node | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, OPTIONS);
  if (root?.type !== 'object' || errors.length > 0 || !hasEachNameOnce(root)) return undefined;
  // All references stand in values: in a name they would hide it, in a comment they could end it.
  const counts = textsIn(root).map(countReferences);
  const inValues = counts.reduce<number>((sum, count) => sum + (count ?? Number.NaN), 0);
  return inValues === countReferences(text) ? root : undefined;
}

function hasEachNameOnce(node: Node): boolean {
  const names = propertiesOf(node).map(({name}) => name);
  const inner = node.type === 'object' ? propertiesOf(node).map(({value}) => value) : childrenOf(node);
  return new Set(names).size === names.length && inner.every(hasEachNameOnce);
}

/** The values of a configuration that are texts. */
function textsIn(node: Node): readonly string[] {
  if (node.type === 'string') return [node.value];
  const inner = node.type === 'object' ? propertiesOf(node).map(({value}) => value) : childrenOf(node);
  return inner.flatMap(textsIn);
}

function checkOf({isOwnFile, isInside, ...place}: ReadingOptions): TextCheck {
  return {
    isOwn: (text) => !hasVariable(text) && filesReferredTo(text, place).every(isOwnFile),
    isInside: (path) => countReferences(path) === 0 && isInside(path),
  };
}

function entryOf(node: Node, options: ReadingOptions): CodeEntry {
  const path = getNodePath(node);
  const [group = '', name] = path.map(String);
  const value: unknown = getNodeValue(node);
  const texts = textsIn(node);
  return {
    name: nameOf(group, name, value) ?? `setting ${path.join('.')}`,
    value: [path.filter((step) => typeof step === 'string'), value],
    parts: texts.flatMap((text) => filesReferredTo(text, options)),
    words: texts.map((text) => filled(text, options)),
    cwds: cwdsIn(value),
    isPlugin: group === 'plugin' || group === 'plugins',
  };
}

function nameOf(group: string, name: string | undefined, value: unknown): string | undefined {
  const kind = KINDS.get(group);
  if (kind === undefined) return undefined;
  if (name === undefined) return `${kind}s`;
  if (name === 'servers') return `${kind}s ${Object.keys(fieldsOf(value)).join(' and ')}`;
  return `${kind} ${kind === 'plugin' ? specOf(value) : name}`;
}

function specOf(value: unknown): string {
  const spec = Array.isArray(value) ? value[0] : (fieldsOf(value).package ?? value);
  return typeof spec === 'string' ? spec : JSON.stringify(value);
}

/** The whole of a configuration that different readers could read differently. */
function unclear(text: string, effective: unknown, options: ReadingOptions): CodeEntry {
  return {
    name: `${basename(options.path)}: ${isJson(text) ? 'its settings cannot be told for certain' : 'not valid JSON'}`,
    value: text.replace(ADDED, '{'),
    parts: filesReferredTo(text, options),
    words: [...wordsIn(effective), ...wordsIn(parse(text, [], OPTIONS))],
    cwds: cwdsIn(effective),
    isPlugin: true,
  };
}

function isJson(text: string): boolean {
  const errors: ParseError[] = [];
  parse(text, errors, OPTIONS);
  return errors.length === 0;
}

function wordsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(wordsIn) : [];
}

function cwdsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'cwd' && typeof inner === 'string' ? [inner] : cwdsIn(inner),
  );
}

/** Both forms that there are. */
function skillsIn(config: unknown): readonly string[] {
  const {skills} = fieldsOf(config);
  const paths: unknown = Array.isArray(skills) ? skills : fieldsOf(skills).paths;
  return Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : [];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? {...value} : {};
}
