import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {setScene} from '../support/scene.ts';
import {shareHome} from '../support/shared-home.ts';
import {UserOpenCode} from '../support/user-opencode.ts';

const zeta = {mode: 'primary', prompt: 'z'};
const alpha = {mode: 'all', prompt: 'a'};
const off = {disable: true};

const home = shareHome();
/** The OpenCode that the person has started. */
let own: UserOpenCode;

beforeAll(async () => {
  own = await UserOpenCode.start(home.sandbox);
});

afterAll(() => own.kill());

/** That the person's own OpenCode takes this one. */
async function expectTaken(theirs: UserOpenCode, directory: string, expected?: string): Promise<void> {
  const session = await theirs.session({directory});
  await theirs.say(session, 'Look', {directory});
  expect((await theirs.transcript(session, directory)).at(-1)?.agent).toBe(expected);
}

/** A project with this configuration, and a client in it. */
async function openWith(config: object) {
  const {sandbox, open} = home.scene();
  writeFileSync(join(sandbox.project, 'opencode.json'), JSON.stringify(config));
  return {sandbox, client: await open()};
}

describe('without an agent named', () => {
  it.each([
    ['build is disabled', {build: off, alpha}, 'plan'],
    ['build is hidden', {build: {hidden: true}, alpha}, 'plan'],
    ['build is a subagent', {build: {mode: 'subagent'}, zeta}, 'plan'],
    ['its own are disabled', {build: off, plan: off, zeta, alpha}, 'zeta'],
    ['the first cannot be taken', {build: off, plan: off, zeta: {...zeta, hidden: true}, alpha}, 'alpha'],
  ])('where %s, the one runs that OpenCode takes', async (_, agent, expected) => {
    const {sandbox, client} = await openWith({agent});
    const started = await client.call('delegate', {prompt: 'Look'});
    expect(started.text).toContain(` · agent ${expected} · `);
    await client.read(started.text.split(' ')[0] ?? '');

    await expectTaken(own, sandbox.project, expected);
  });

  it('agents in files of the person are taken in the order in which OpenCode takes them', async () => {
    const {sandbox, open} = await setScene(() => ({text: 'done'}), {
      config: {agent: {build: off, plan: off, zeta}},
    });
    const folder = join(String(sandbox.env.HOME), '.config', 'opencode', 'agents');
    mkdirSync(folder);
    for (const name of ['beta', 'alpha']) {
      writeFileSync(join(folder, `${name}.md`), '---\nmode: primary\n---\nDo.\n');
    }
    const started = await (await open()).call('delegate', {prompt: 'Look'});
    const theirs = await UserOpenCode.start(sandbox);
    onTestFinished(() => theirs.kill());
    await expectTaken(theirs, sandbox.project, / · agent (\w+) · /.exec(started.text)?.[1]);
  });

  it.each([
    ['none is left', {agent: {build: off, plan: off}}, /No agent is named, and .* has none to take/],
    [
      'the default is not there',
      {default_agent: 'nope'},
      /no agent "nope", its "default_agent", in .*: build, plan\./,
    ],
    [
      'the default is a subagent',
      {default_agent: 'explore'},
      /"explore", its "default_agent", is a subagent/,
    ],
    [
      'the default is disabled',
      {default_agent: 'build', agent: {build: off}},
      /no agent "build", its "default_agent",/,
    ],
  ])('where %s, it is refused with what would work', async (_, config, words) => {
    const {client} = await openWith(config);
    const answer = await client.call('delegate', {prompt: 'Look'});
    expect(answer).toMatchObject({isError: true, text: expect.stringMatching(words)});
  });
});
