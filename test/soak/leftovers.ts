import {existsSync, readdirSync} from 'node:fs';
import {basename, join} from 'node:path';
import {execa} from 'execa';
import {messageOf} from '../../src/base/errors.ts';
import {registryFolder} from '../../src/link/endpoint.ts';
import {allGone} from '../support/processes.ts';
import {BIN} from '../support/sandbox.ts';
import type {World} from './world.ts';

/** A host ends itself within 15 s, and OpenCode some seconds later; a busy machine takes longer. */
const GONE_MS = 60_000;
const REMAINS = /\.(lock|sock|claim|tmp|probe|takeover)$|\.lock\./;

/** Stops the host as a person does, and sees what is left of it all. */
export async function expectNothingLeft({sandbox, findings}: World): Promise<void> {
  const {root, dataDir, env, runtimeDir} = sandbox;
  const {stdout, exitCode} = await execa(process.execPath, [BIN, 'stop', '--all'], {
    env,
    extendEnv: false,
    reject: false,
  });
  if (exitCode !== 0) findings.broken('left behind', 'stop', stdout);
  try {
    await allGone(root, GONE_MS);
  } catch (error) {
    findings.broken('left behind', 'processes', messageOf(error));
  }
  const files = readdirSync(dataDir, {recursive: true, encoding: 'utf8'}).filter((name) =>
    REMAINS.test(name),
  );
  for (const file of files) findings.broken('left behind', file, 'it is still there');
  for (const folder of [runtimeDir, registryFolder(env)]) {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    for (const name of names)
      findings.broken('left behind', join(basename(folder), name), 'it is still there');
  }
}
