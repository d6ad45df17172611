import {existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {LogFile} from '../../src/host/log-file.ts';

describe('the log file', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-'));
    path = join(folder, 'state', 'host.log');
  });

  afterEach(() => rmSync(folder, {recursive: true, force: true}));

  it('is made for the user alone, and what comes is appended', () => {
    new LogFile({path}).write('one\n');
    new LogFile({path}).write('two\n');
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
  });

  it('is put aside when it is full, one at a time', () => {
    const log = new LogFile({path, maxBytes: 10});
    for (const line of ['11111111\n', '22222222\n', '33333333\n']) log.write(line);
    expect(readFileSync(path, 'utf8')).toBe('33333333\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('22222222\n');
    expect(existsSync(`${path}.2`)).toBe(false);
  });

  it('never throws, whatever is in its way', () => {
    writeFileSync(join(folder, 'state'), 'a file');
    expect(() => new LogFile({path}).write('lost\n')).not.toThrow();
  });
});
