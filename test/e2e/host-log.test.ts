import {expect, it} from 'vitest';
import {eventually} from '../support/processes.ts';
import {setScene} from '../support/scene.ts';

const HOST = {env: {OPENCODE_DELEGATE_HOST: 'on'}};

it('the log of a host says why it and its servers were started, and begin and end of each delegation', async () => {
  const reply = ({prompt}: {prompt: string}) =>
    prompt.includes('fails') ? {status: 400, message: 'no such deployment'} : {text: 'A secret answer'};
  const {sandbox, open} = await setScene(reply, HOST);
  const client = await open();
  const done = await client.delegate('A secret prompt');
  await client.read(done);
  const failed = await client.delegate('One that fails', {access: 'read-only'});
  await client.read(failed);
  const log = () => sandbox.hostLog();
  expect(log()).toMatch(
    new RegExp(` info host \\S+ listens at .*: process ${client.pid} needed one, and none answered\n`),
  );
  expect(log()).toMatch(/ info an OpenCode server starts: somebody delegates\n/);
  expect(log()).toContain(` info an OpenCode server starts for read-only work: ${failed} is to run\n`);
  for (const [id, status] of [
    [done, 'completed'],
    [failed, 'error'],
  ]) {
    const own = log()
      .split('\n')
      .filter((line) => line.includes(`info ${id}: `));
    expect(own).toEqual([
      expect.stringMatching(new RegExp(` info ${id}: running, after \\d+\\.\\d s of waiting$`)),
      expect.stringMatching(new RegExp(` info ${id}: ${status}, after \\d+\\.\\d s$`)),
    ]);
  }
  expect(log()).not.toMatch(/secret|One that/);
  const [, pid] = /^(\d+) .* listens at /.exec(log()) ?? [];
  process.kill(Number(pid), 'SIGTERM');
  await eventually(() => log().includes('info the host ends: SIGTERM\n'));
});
