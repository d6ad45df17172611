import {cpSync, mkdirSync, readFileSync, rmSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What every bundle has, besides its manifest. */
const ALWAYS = {dist: 'dist', LICENSE: 'LICENSE', 'README.md': 'README.md', 'package.json': 'package.json'};

/**
 * What each shop wants: files of this repository, by where they are to be in its bundle.
 * - Gemini CLI: geminicli.com/docs/extensions/releasing, "Archive structure"; hooks are in hooks/hooks.json.
 * - MCPB: github.com/anthropics/mcpb, MANIFEST.md.
 */
export const BUNDLES = {
  gemini: {
    'gemini-extension.json': 'gemini-extension.json',
    'hooks/hooks.json': 'hooks/gemini.json',
    skills: 'skills',
    ...ALWAYS,
  },
  mcpb: {'manifest.json': 'shops/mcpb.json', ...ALWAYS},
} as const;

/** Puts the files of a bundle into a folder, and removes what was in it. */
export function stage(name: keyof typeof BUNDLES, folder: string): void {
  rmSync(folder, {recursive: true, force: true});
  for (const [to, from] of Object.entries(BUNDLES[name])) {
    const place = join(folder, to);
    mkdirSync(dirname(place), {recursive: true});
    cpSync(join(ROOT, from), place, {recursive: true});
  }
}

/** A JSON file of this repository. */
export function manifestIn(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}
