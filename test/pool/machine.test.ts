import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished, vi} from 'vitest';
import {machineIn} from '../../src/pool/client/machine.ts';

function folder(): string {
  const path = mkdtempSync(join(os.tmpdir(), 'opencode-delegate-machine-'));
  onTestFinished(() => rmSync(path, {recursive: true}));
  return join(path, 'pools');
}

it('a machine is known by the same name when the system calls it otherwise: its jobs would run twice else', async () => {
  const path = folder();
  const {machine} = machineIn(path);
  vi.resetModules();
  vi.doMock('node:os', () => ({default: os, ...os, hostname: () => 'at-the-cafe'}));
  onTestFinished(() => void vi.doUnmock('node:os'));
  const next = await import('../../src/pool/client/machine.ts');
  expect(next.machineIn(path)).toEqual({machine, host: 'at-the-cafe'});
});

it('two data folders have two names, and nothing else is left there', () => {
  const [one, other] = [folder(), folder()];
  expect(machineIn(one).machine).not.toBe(machineIn(other).machine);
  expect(readdirSync(one)).toEqual(['machine']);
});

it('one whose file has nothing in it since a power cut gets a name again, and keeps it', () => {
  const path = folder();
  machineIn(path);
  writeFileSync(join(path, 'machine'), '');
  const {machine} = machineIn(path);
  expect(machine).toMatch(/^[0-9a-f]{16}$/);
  expect(machineIn(path).machine).toBe(machine);
});
