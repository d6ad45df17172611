import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {compiled} from '../../src/hook/compiled.ts';

const PROGRAM = `
  const {basename} = require('node:path');
  exports.named = (path) => basename(path);
`;
const [QUIET, TELLING] = [1, 2];

describe('a program whose compiled code is kept', () => {
  function aProgram() {
    const home = mkdtempSync(join(tmpdir(), 'compiled-'));
    onTestFinished(() => rmSync(home, {recursive: true, force: true}));
    const [path, folder] = [join(home, 'program.cjs'), join(home, 'cache')];
    writeFileSync(path, PROGRAM);
    const load = (digest = 'one') =>
      compiled<{named(path: string): string}>({
        ...{path, digest, require: createRequire(path), folder: () => folder},
      });
    const files = () => readdirSync(folder).map((name) => join(folder, name));
    const kept = () => {
      const [file = '', ...others] = files();
      expect(others).toEqual([]);
      return {file, mark: readFileSync(file).at(-1), ino: statSync(file).ino};
    };
    return {folder, load, files, kept};
  }

  it('is loaded as by require, the first time and from what was kept', () => {
    const {load, kept} = aProgram();
    const first = load();
    expect(first.exports.named('/a/b')).toBe('b');
    first.keep(false);
    expect(statSync(kept().file).mode & 0o777).toBe(0o600);
    const second = load();
    expect(second.exports.named('/a/c')).toBe('c');
  });

  it('is kept once, and once more when it has done all of its work', () => {
    const {load, kept} = aProgram();
    load().keep(false);
    const quiet = kept();
    expect(quiet.mark).toBe(QUIET);
    load().keep(false);
    expect(kept()).toEqual(quiet);
    load().keep(true);
    const telling = kept();
    expect(telling.mark).toBe(TELLING);
    load().keep(false);
    load().keep(true);
    expect(kept()).toEqual(telling);
  });

  it.skipIf(process.platform === 'win32')('leaves alone what others may have written', () => {
    const {load, kept} = aProgram();
    load().keep(true);
    const {file} = kept();
    chmodSync(file, 0o622);
    const theirs = kept();
    load().keep(true);
    expect(kept()).toEqual(theirs);
  });

  it('works where nothing can be kept', () => {
    const {folder, load} = aProgram();
    writeFileSync(folder, 'a file');
    const loaded = load();
    loaded.keep(true);
    expect(loaded.exports.named('/a/b')).toBe('b');
    expect(readFileSync(folder, 'utf8')).toBe('a file');
  });

  it('takes nothing from another build, and forgets the oldest', () => {
    const {folder, load, files} = aProgram();
    mkdirSync(folder);
    for (let build = 0; build < 12; build++) load(`build${build}`).keep(false);
    expect(files()).toHaveLength(8);
  });
});
