import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {eventually} from '../support/processes.ts';
import {createSandbox, recordsIn, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {delegateOne, PLUGIN, toldTimes, UserOpenCode} from '../support/user-opencode.ts';

/** Longer than OpenCode by itself takes to store a message. */
const SLOW_MS = 12_000;
/** By then a notice that was taken for lost would be there again. */
const SETTLED_MS = 2 * SLOW_MS;

let model: ScriptedModel;
let sandbox: Sandbox;
let opencode: UserOpenCode;

beforeAll(async () => {
  model = await ScriptedModel.start();
  sandbox = createSandbox({modelUrl: model.url});
  const slow = join(sandbox.root, 'slow.js');
  const hook = `() => new Promise((resolve) => setTimeout(resolve, ${SLOW_MS}))`;
  writeFileSync(slow, `export const slow = async () => ({'chat.message': ${hook}});\n`);
  sandbox.configure({...sandbox.config, plugin: [PLUGIN, pathToFileURL(slow).href]});
  opencode = await UserOpenCode.start(sandbox);
});

afterAll(async () => {
  await opencode.kill();
  await model.close();
  await sandbox.remove();
});

/** How often the session has been told of it, once anything that was sent again would be there. */
async function toldInTheEnd(session: string, id: string): Promise<number> {
  await opencode.until(session, (said) => toldTimes(said, id) > 0);
  const since = performance.now();
  await eventually(() => performance.now() - since > SETTLED_MS, 2 * SETTLED_MS);
  return toldTimes(await opencode.transcript(session), id);
}

it('an end is told once although another plugin takes long over every message', async () => {
  const session = await opencode.session();
  const {gate, id} = await delegateOne({model, opencode, session, inner: 'while it is open'});
  gate.open();
  expect(await toldInTheEnd(session, id)).toBe(1);
});

it('so is one that goes with what the person says next', async () => {
  const session = await opencode.session();
  const {gate, id} = await delegateOne({model, opencode, session, inner: 'while it is closed'});
  await opencode.kill();
  gate.open();
  await eventually(() =>
    recordsIn(sandbox).some((record) => record.includes('Answer to while it is closed')),
  );
  opencode = await UserOpenCode.start(sandbox);
  await opencode.say(session, 'Anything new?');
  expect(await toldInTheEnd(session, id)).toBe(1);
});
