import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

const PACKAGE = /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//;
const NOTICE = /^(?:licen[cs]e|copying|notice)\b/i;
const RULE = '-'.repeat(80);
const HEAD =
  'The files of this folder contain code of these packages. Each is followed by its licence as the package has it.';

/** Packages that say MIT without the text of it, and whose it is: in the header of the source, in the package opencode-ai, in the repository. */
const HOLDERS = {
  'yoga-layout': 'Copyright (c) Meta Platforms, Inc. and affiliates.',
  '@opencode-ai/sdk': 'Copyright (c) 2025 opencode',
  '@cfworker/json-schema': 'Copyright (c) 2020 Jeremy Danyow',
};
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/**
 * Writes the licences of all packages that are bundled into dist.
 *
 * @param target the file.
 * @param metafiles those of esbuild, which name every file that a bundle was made of.
 */
export function writeNotices(target, metafiles) {
  const inputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const paths = inputs.flatMap((output) => Object.keys(output.inputs));
  const folders = [...new Set(paths.flatMap((path) => PACKAGE.exec(path)?.[1] ?? []))];
  // Packages of one house often have the same text: it stands there once.
  const named = new Map();
  for (const folder of folders) {
    const {name, version, license} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const text = noticesIn(folder) || noticeOf(name, license);
    named.set(text, new Set(named.get(text)).add(`${name} ${version} (${license})`));
  }
  const parts = [...named].map(([text, names]) => ({names: [...names].sort(), text}));
  parts.sort((a, b) => a.names[0].localeCompare(b.names[0], 'en'));
  const blocks = parts.map(({names, text}) => `${names.join('\n')}\n\n${text}`);
  writeFileSync(target, `${[HEAD, ...blocks].join(`\n\n${RULE}\n\n`)}\n`);
}

function noticesIn(folder) {
  const files = readdirSync(folder).filter((name) => NOTICE.test(name));
  return files.map((name) => readFileSync(join(folder, name), 'utf8').trim()).join('\n\n');
}

/** @throws where nobody has looked yet whose it is. */
function noticeOf(name, license) {
  const holder = HOLDERS[name];
  if (holder === undefined || license !== 'MIT')
    throw new Error(`${name} (${license}) brings no licence: name its holder in .ci/third-party-notices.js`);
  return `MIT License\n\n${holder}\n\n${MIT}`;
}
