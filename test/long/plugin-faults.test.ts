import {spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {createPluginSandbox} from '../support/plugin-sandbox.ts';
import {eventually} from '../support/processes.ts';
import {artifactOf, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {delegateOne, toldTimes, UserOpenCode} from '../support/user-opencode.ts';

/** A mount that only the process and its children see; some machines do not let people make one. */
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

let model: ScriptedModel;
let sandbox: Sandbox;
let opencode: UserOpenCode;
/** Where it is kept what sessions were told, as OpenCode sees it. */
let notices: string;

beforeAll(async () => {
  model = await ScriptedModel.start();
  sandbox = await createPluginSandbox({modelUrl: model.url});
  const folder = join(sandbox.dataDir, '.notices');
  mkdirSync(folder, {recursive: true});
  const mount = 'mount -t tmpfs -o size=256k,mode=700 none "$0" && exec "$@"';
  opencode = await UserOpenCode.start(sandbox, {
    within: canMount ? ['unshare', '-rm', 'sh', '-c', mount, folder] : [],
  });
  notices = canMount ? `/proc/${opencode.pid}/root${folder}` : folder;
});

afterAll(async () => {
  await opencode.kill();
  await model.close();
  await sandbox.remove();
});

/** Resolves when OpenCode has logged it. What nobody told of, the plugin finds with its scan every 15 s. */
const logged = (line: RegExp) => eventually(() => line.test(opencode.log()));

const delegating = (session: string, inner: string) => delegateOne({model, opencode, session, inner});

describe('a session lives on', () => {
  it.skipIf(!canMount)('with a full disk, and is told when there is room', async () => {
    const session = await opencode.session();
    const {gate, id} = await delegating(session, 'while the disk fills');
    const filler = join(notices, 'filler');
    onTestFinished(() => rmSync(filler, {force: true}));
    expect(() => writeFileSync(filler, Buffer.alloc(1_000_000))).toThrow(/ENOSPC/);
    gate.open();
    await logged(/could not be told of its delegations/);
    await opencode.say(session, 'hello');
    const heard = await opencode.transcript(session);
    expect(heard.at(-1)?.text).toBe('Heard.');
    expect(toldTimes(heard, id)).toBe(0);
    rmSync(filler);
    const all = await opencode.until(session, (said) => said.at(-1)?.text === 'Noted.');
    expect(toldTimes(all, id)).toBe(1);
  });

  it('with records that nobody can understand', async () => {
    const session = await opencode.session();
    const {gate, id} = await delegating(session, 'among garbage');
    const project = join(artifactOf(sandbox, id), '..');
    writeFileSync(join(project, 'no-good-record.md'), '---\nid: [\n---\n');
    mkdirSync(join(project, 'not-a-file.md'));
    for (const name of ['no-good-record', 'not-a-file', 'not-there-yet']) {
      writeFileSync(join(notices, session, `${name}@${project.split('/').at(-1)}`), '');
    }
    gate.open();
    const all = await opencode.until(session, (said) => said.at(-1)?.text === 'Noted.');
    expect(toldTimes(all, id)).toBe(1);
    await logged(/no-good-record\.md is skipped/);
  });

  it('where nothing can be kept of it', async () => {
    const session = await opencode.session();
    writeFileSync(join(notices, session), 'A file, where a folder is to be.');
    const {gate, id} = await delegating(session, 'not to be told');
    gate.open();
    await eventually(() => /^status: completed/m.test(readFileSync(artifactOf(sandbox, id), 'utf8')));
    await opencode.say(session, 'hello');
    expect((await opencode.transcript(session)).at(-1)?.text).toBe('Heard.');
    const {error} = await opencode.client.session.summarize({
      sessionID: session,
      providerID: 'scripted',
      modelID: 'model',
    });
    expect(error).toBeUndefined();
    await logged(/tool\.execute\.before: ENOTDIR|tool\.execute\.before: EEXIST/);
    await logged(/chat\.message: ENOTDIR/);
  });
});
