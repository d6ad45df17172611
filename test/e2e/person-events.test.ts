import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {z} from 'zod';
import {shownDelegation} from '../../src/control/shown.ts';
import {eventually, processesIn} from '../support/processes.ts';
import type {Sandbox} from '../support/sandbox.ts';
import {shareHome} from '../support/shared-home.ts';

const happening = z.object({event: z.string(), file: z.string(), delegation: shownDelegation});

const home = shareHome({config: {permission: {bash: 'ask'}}});

/** A command line that puts what it gets on stdin into a file of its own in the project. */
function keeping({project}: Sandbox): string {
  return `cat > "${project}/$$.tmp" && mv "${project}/$$.tmp" "${project}/$$.event"`;
}

function eventsIn({project}: Sandbox) {
  const files = readdirSync(project).filter((name) => name.endsWith('.event'));
  return files.map((name) => happening.parse(JSON.parse(readFileSync(join(project, name), 'utf8'))));
}

it('a person’s command is run for ends, failures and requests, with what happened on stdin', async () => {
  const {sandbox, open} = home.scene(({prompt, toolResults}) => {
    if (prompt === 'Fail') return {status: 400, message: 'no such thing'};
    if (prompt === 'Ask' && toolResults.length === 0)
      return {tool: 'bash', input: {command: 'true', description: 'a command'}};
    return {text: 'Done.'};
  });
  const env = {OPENCODE_DELEGATE_ON_ASK: 'wait', OPENCODE_DELEGATE_ON_EVENT: keeping(sandbox)};
  const client = await open({env});
  const fine = await client.delegate('Work');
  const failed = await client.delegate('Fail');
  const asks = await client.delegate('Ask');
  await client.read(asks);
  await client.call('delegation_reply', {id: asks, decision: 'allow'});
  for (const id of [fine, failed, asks]) await client.read(id);
  await eventually(() => eventsIn(sandbox).length === 4);
  const events = eventsIn(sandbox);
  const told = events.map(({event, delegation}) => `${delegation.id} ${event}`).sort();
  expect(told).toEqual([`${asks} blocked`, `${asks} ended`, `${failed} failed`, `${fine} ended`].sort());
  const blocked = events.find(({event}) => event === 'blocked');
  expect(blocked?.delegation).toMatchObject({
    blocked: true,
    requests: [{what: expect.stringContaining('true')}],
  });
  expect(events.every(({file}) => existsSync(file))).toBe(true);
});

it('a command that hangs is ended with all that it has started, one that fails is in the log, and neither is waited for', async () => {
  const {sandbox, open} = home.scene(() => ({text: 'Done.'}));
  const hanging = await open({env: {OPENCODE_DELEGATE_ON_EVENT: 'sleep 600 & sleep 601'}});
  const failing = await open({
    env: {OPENCODE_DELEGATE_ON_EVENT: 'echo broken >&2; exit 3', OPENCODE_DELEGATE_EVENTS: 'ended'},
  });
  const [one, two] = [await hanging.delegate('One'), await failing.delegate('Two')];
  expect((await hanging.read(one)).blocks[1]).toBe('Done.');
  expect((await failing.read(two)).blocks[1]).toBe('Done.');
  await eventually(() =>
    sandbox.hostLog().includes(`OPENCODE_DELEGATE_ON_EVENT for ${two} ended failed (exit code 3): broken`),
  );
  await eventually(() => sandbox.hostLog().includes(`for ${one} ended was ended after 10 s`));
  await eventually(() => !processesIn(sandbox.root).some(({command}) => /sleep 60[01]/.test(command)));
});
