import {dirname, isAbsolute, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parse} from 'jsonc-parser';
import {homeOf} from '../../home.ts';

const FILE_REFERENCE = /\{file:((?:\{env:[^}]+\}|[^}])+)\}/g;

/** An entry of a configuration that makes OpenCode run something. */
export interface CodeEntry {
  /** What it is, in a few words. */
  readonly name: string;
  /** As it is written; references to variables stay, for each environment has its own values. */
  readonly value: unknown;
  /** Files and folders that it loads or, where they are words of a command, may load. */
  readonly loads: readonly string[];
  /** Words of a command, which may be files. */
  readonly words: readonly string[];
}

export interface ReadingOptions {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** The content of a file that the configuration refers to; empty where it cannot be read. */
  readonly file: (path: string) => string;
}

type Place = Pick<ReadingOptions, 'path' | 'env'>;

/** The files that a configuration takes parts of itself from. */
export function filesReferredTo(text: string, place: Place): readonly string[] {
  return [...text.matchAll(FILE_REFERENCE)].map(([, reference = '']) => referredTo(reference, place));
}

/** What a configuration makes OpenCode run by itself. */
export function codeInConfiguration(text: string, options: ReadingOptions): readonly CodeEntry[] {
  // A reference can hide a setting from whoever looks at the file alone ("plu{env:NONE}gin"), and one of OpenCode's two
  // readers looks at the file alone.
  const effective = entriesOf(read(withFiles(withVariables(text, options), options)), options);
  const written = [...entriesOf(read(text), options), ...entriesOf(read(withFiles(text, options)), options)];
  const values = new Map(written.map(({name, value}) => [name, value]));
  return [
    ...effective.map((entry) => ({...entry, value: values.get(entry.name) ?? entry.value})),
    ...written.filter(({name}) => !effective.some((entry) => entry.name === name)),
  ];
}

/** OpenCode reads it in the same way, faults included. */
function read(text: string): Settings {
  return settings(parse(text, [], {allowTrailingComma: true}));
}

type Settings = Readonly<Record<string, unknown>>;

function settings(value: unknown): Settings {
  return typeof value === 'object' && value !== null ? (value as Settings) : {};
}

function entriesOf(config: Settings, {path}: ReadingOptions): readonly CodeEntry[] {
  return [
    ...pluginsIn(config, path),
    ...named(config.mcp, 'MCP server').filter(({value}) => 'command' in settings(value)),
    ...(Array.isArray(config.formatter) ? [] : switched(config.formatter, 'formatter')),
    ...(Array.isArray(config.lsp) ? [] : switched(config.lsp, 'language server')),
    ...providersIn(config),
    ...(typeof config.shell === 'string' ? [commandEntry('shell', config.shell)] : []),
  ];
}

/** `plugins` is what the next version of OpenCode calls them, part of which is in this one. */
function pluginsIn({plugin, plugins}: Settings, path: string): readonly CodeEntry[] {
  return [plugin, plugins].flat().flatMap((value: unknown) => {
    const spec: unknown = Array.isArray(value) ? value[0] : (settings(value).package ?? value);
    if (typeof spec !== 'string') return [];
    const file = fileOf(spec, dirname(path));
    return [{name: `plugin ${spec}`, value, loads: file === undefined ? [] : [file], words: []}];
  });
}

/** `true` runs the formatters and language servers that OpenCode finds in the project. */
function switched(value: unknown, what: string): readonly CodeEntry[] {
  if (value === true) return [{name: `${what}s`, value, loads: [], words: []}];
  return named(value, what);
}

function named(group: unknown, what: string): readonly CodeEntry[] {
  return Object.entries(settings(group)).map(([name, value]) => commandEntry(`${what} ${name}`, value));
}

function commandEntry(name: string, value: unknown): CodeEntry {
  const command = typeof value === 'string' ? [value] : settings(value).command;
  const words = Array.isArray(command) ? command.filter((word) => typeof word === 'string') : [];
  return {name, value, loads: [], words};
}

/** A provider's package is imported into OpenCode. */
function providersIn({provider}: Settings): readonly CodeEntry[] {
  return Object.entries(settings(provider)).flatMap(([name, value]) => {
    const models = Object.values(settings(settings(value).models));
    const packages = [settings(value).npm, ...models.map((model) => settings(settings(model).provider).npm)];
    return packages.flatMap((npm) => {
      if (typeof npm !== 'string') return [];
      const file = fileOf(npm, '/');
      return [
        {
          name: `package ${npm} of the provider ${name}`,

          value: npm,
          loads: file === undefined ? [] : [file],
          words: [],
        },
      ];
    });
  });
}

/** The file that a plugin or a package is, where it is one. */
function fileOf(spec: string, folder: string): string | undefined {
  if (spec.startsWith('file://')) return URL.canParse(spec) ? fileURLToPath(spec) : undefined;
  return spec.startsWith('.') || isAbsolute(spec) ? resolve(folder, spec) : undefined;
}

/** As OpenCode does it: before the text is taken for JSON. */
function withVariables(text: string, {env}: Place): string {
  return text.replace(/\{env:([^}]+)\}/g, (_, name: string) => env[name] ?? '');
}

function withFiles(text: string, options: ReadingOptions): string {
  return text.replace(FILE_REFERENCE, (_, reference: string) => {
    return JSON.stringify(options.file(referredTo(reference, options)).trim()).slice(1, -1);
  });
}

function referredTo(reference: string, options: Place): string {
  const named = withVariables(reference, options).replace(/^~(?=\/)/, homeOf(options.env));
  return resolve(dirname(options.path), named);
}
