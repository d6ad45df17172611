import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import {manifestIn, ROOT} from './staged.ts';

/** The files that name the version of the package. */
export const VERSIONED = [
  '.claude-plugin/marketplace.json',
  '.claude-plugin/plugin.json',
  'gemini-extension.json',
  'plugin.json',
  'server.json',
  'shops/codex/.codex-plugin/plugin.json',
  'shops/mcpb.json',
] as const;

const VERSION = /("version": )"[^"]*"/g;

/** Writes the version of package.json wherever else it stands: `npm version` runs this. */
function writeVersions(): void {
  const {version} = z.object({version: z.string()}).parse(manifestIn('package.json'));
  for (const path of VERSIONED) {
    const file = join(ROOT, path);
    writeFileSync(file, readFileSync(file, 'utf8').replace(VERSION, `$1"${version}"`));
  }
}

if (import.meta.filename === process.argv[1]) writeVersions();
