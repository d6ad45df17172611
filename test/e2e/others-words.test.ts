import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {untilActivity} from '../support/client.ts';
import {artifactOf} from '../support/sandbox.ts';
import {setScene} from '../support/scene.ts';
import {UserOpenCode} from '../support/user-opencode.ts';

it('what a person writes into the session of an agent at work is said with the result', async () => {
  const {sandbox, open} = await setScene(({prompt, toolResults}) => {
    if (prompt.includes('who are you')) return {text: 'I am an agent.'};
    if (toolResults.length > 0) return {text: 'Found.'};
    return {tool: 'bash', input: {command: `until [ -e go ]; do sleep 0.1; done`, description: 'Wait'}};
  });
  sandbox.configure({...sandbox.config, permission: 'allow'});
  const client = await open();
  const id = await client.delegate('Begin');
  await untilActivity(client, id, /bash/);
  const session = /\nsession: (ses\S+)/.exec(readFileSync(artifactOf(sandbox, id), 'utf8'))?.[1] ?? '';
  const person = await UserOpenCode.start(sandbox);
  try {
    await person.say(session, 'And who are you?');
    writeFileSync(join(sandbox.project, 'go'), '');
    const {blocks} = await client.read(id, {wait_seconds: 90});
    expect(blocks[0]).toMatch(
      / · completed · .*somebody else wrote to the agent in its session \("And who are you\?"\)/s,
    );
    expect(blocks[1]).toContain('I am an agent.');
  } finally {
    await person.kill();
  }
});
