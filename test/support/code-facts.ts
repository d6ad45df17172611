import {readdirSync} from 'node:fs';
import {z} from 'zod';
import {TOOL_DEFINITIONS} from '../../src/mcp/server.ts';
import {readText} from './markdown.ts';

const SOURCES = readdirSync(new URL('../../src', import.meta.url), {recursive: true, encoding: 'utf8'})
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name.replaceAll('\\', '/')}`);

const inputSchema = z.object({
  properties: z.record(
    z.string(),
    z.object({default: z.unknown().optional(), maximum: z.number().optional()}),
  ),
  required: z.array(z.string()).default([]),
});

const manifest = z.object({
  version: z.string(),
  scripts: z.record(z.string(), z.string()),
  engines: z.object({node: z.string()}),
});

/** What package.json says. */
export function packageJson(): z.output<typeof manifest> {
  return manifest.parse(JSON.parse(readText('package.json')));
}

/** The parameters of a tool as the documents write them: `required`, `optional?`, `defaulted = 1`. */
export function parametersOf(tool: string): readonly string[] {
  const {properties, required} = schemaOf(tool);
  return Object.entries(properties).map(([name, property]) => {
    if (property.default !== undefined) return `${name} = ${property.default}`;
    return required.includes(name) ? name : `${name}?`;
  });
}

/** The default of a parameter that is a number. */
export function defaultOf(tool: string, name: string): number {
  return z.number().parse(schemaOf(tool).properties[name]?.default);
}

/** The most that a parameter may be. */
export function maximumOf(tool: string, name: string): number {
  return z.number().parse(schemaOf(tool).properties[name]?.maximum);
}

/**
 * A number that the code has under that name, wherever it is.
 * @throws Error unless exactly one file has it; `file` says which where several do.
 */
export function constant(name: string, file = ''): number {
  const values = SOURCES.filter((path) => path.endsWith(file)).flatMap((path) => {
    const value = new RegExp(`^(?:export )?const ${name} = ([\\d_* ]+);`, 'm').exec(readText(path))?.[1];
    return value === undefined ? [] : [value.replaceAll('_', '').split('*')];
  });
  const [factors, ...others] = values;
  if (factors === undefined || others.length > 0)
    throw new Error(`${values.length} files of src have ${name}`);
  return factors.reduce((product, factor) => product * Number(factor), 1);
}

/** The oldest version of OpenCode that is accepted, without its last number. */
export function oldestOpenCode(): string {
  const all = SOURCES.map(readText).join('\n');
  const version = /const OLDEST_VERSION = \[(\d+), (\d+)\]/.exec(all);
  return `${version?.[1]}.${version?.[2]}`;
}

function schemaOf(tool: string): z.output<typeof inputSchema> {
  const definition = TOOL_DEFINITIONS.find(({name}) => name === tool);
  return inputSchema.parse(definition?.inputSchema);
}
