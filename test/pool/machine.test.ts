import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {machineIn} from '../../src/pool/client/machine.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'opencode-delegate-machine-'));
  onTestFinished(() => rmSync(path, {recursive: true}));
  return join(path, 'pools');
}

it('a machine is known by the same name when the system calls it otherwise: its jobs would run twice else', () => {
  const path = folder();
  const {machine} = machineIn(path, 'at-home');
  expect(machineIn(path, 'at-the-cafe')).toEqual({machine, host: 'at-the-cafe'});
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
