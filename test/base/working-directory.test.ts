import {parse} from 'node:path';
import {describe, expect, it} from 'vitest';
import {clientDirectory} from '../../src/base/working-directory.ts';

describe('where a client works', () => {
  it('is where it has started us', () => {
    expect(clientDirectory({})).toBe(process.cwd());
    expect(clientDirectory({PLUGIN_ROOT: '/elsewhere'})).toBe(process.cwd());
  });

  it('is not known where it starts us in the folder of a plugin', () => {
    expect(clientDirectory({PLUGIN_ROOT: process.cwd()})).toBe(parse(process.cwd()).root);
  });
});
