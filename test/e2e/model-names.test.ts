import {readFileSync} from 'node:fs';
import {expect, it} from 'vitest';
import {runCommand} from '../support/command.ts';
import {artifactOf} from '../support/sandbox.ts';
import {providerOf, type Reply} from '../support/scripted-model.ts';
import {shareHome} from '../support/shared-home.ts';

const env = {OPENCODE_DELEGATE_MODELS: 'fast=scripted/model|second/other,deep=second/other'};
const home = shareHome({env});

/** A scene in which the first provider gives this answer, and a second one works. */
function withFirst(first: Reply) {
  const scene = home.scene(({model, prompt}) => (model === 'model' ? first : {text: `Answer to ${prompt}`}));
  const {scripted} = providerOf(scene.model.url, ['other']);
  const {config} = home.sandbox;
  home.sandbox.configure({...config, provider: {...Object(config.provider), second: scripted}});
  return scene;
}

it('takes the second model of a name where the first is refused for its account, and says why', async () => {
  const {sandbox, open, model} = withFirst({status: 401, message: 'invalid x-api-key'});
  const client = await open();
  expect(JSON.stringify(await client.tools())).toContain('fast, deep, or provider/model.');
  const id = await client.delegate('Look', {model: 'fast'});
  const {text} = await client.read(id);
  expect(text).toContain('completed · agent build · model second/other (fast)');
  expect(text).toMatch(/^Not scripted\/model: The provider said: .*invalid x-api-key/m);
  expect(text).toContain('Answer to Look');
  expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toContain(
    'passed_over:\n  - model: scripted/model\n',
  );
  // What goes on stays with the model that ran.
  const before = model.requests.length;
  const next = await client.delegate('And on', {continue: id});
  expect((await client.read(next)).text).toContain('model second/other (fast)');
  expect(model.requests.slice(before).map((request) => request.model)).toEqual(['other']);
});

it('takes the second model at once where the first is rate-limited, also for what comes next', async () => {
  const {sandbox, model} = withFirst({
    ...{status: 429, message: 'Rate limit reached for requests'},
    headers: {'retry-after': '600'},
  });
  const run = (prompt: string) => runCommand(sandbox, ['run', prompt, '--model', 'fast', '--wait'], {env});
  const first = await run('Look');
  expect(first).toMatchObject({exitCode: 0});
  const shown = await runCommand(sandbox, ['show', first.stdout]);
  expect(shown.stdout).toMatch(/^Not scripted\/model: The provider said: .*Rate limit reached for requests/m);
  const before = model.requests.length;
  const second = await run('Look again');
  const again = await runCommand(sandbox, ['show', second.stdout]);
  expect(again.stdout).toMatch(/^Not scripted\/model: scripted was rate-limited until /m);
  expect(model.requests.slice(before).map((request) => request.model)).toEqual(['other']);
});

it('refuses a name that there is not, with those that there are', async () => {
  const {open} = withFirst({text: 'done'});
  const answer = await (await open()).call('delegate', {prompt: 'Look', model: 'quick'});
  expect(answer.isError).toBe(true);
  expect(answer.text).toContain('Names that OPENCODE_DELEGATE_MODELS sets: fast, deep.');
});
