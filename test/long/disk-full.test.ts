import {spawnSync} from 'node:child_process';
import {mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {connect} from '../support/client.ts';
import {allGone, eventually} from '../support/processes.ts';
import {BIN, createSandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';

/** A mount that only the process and its children see; some machines do not let people make one. */
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

describe('a disk that cannot be written', () => {
  it.skipIf(!canMount).each([
    ['full', 'head -c 1000000 /dev/zero > "$1/filler" 2>/dev/null; true'],
    ['read-only', 'mount -o remount,ro "$1"'],
  ])('because it is %s keeps no host from starting, and nothing from being read', async (_, spoil) => {
    const sandbox = createSandbox();
    const disk = join(sandbox.root, 'small disk');
    mkdirSync(disk);
    const script = `mount -t tmpfs -o size=64k,mode=700 none "$1"; ${spoil}; exec "$2" "$3"`;
    const client = await connect(sandbox, {
      command: '/bin/sh',
      args: ['-c', `exec unshare -rm sh -c '${script}' sh "$0" "$1" "$2"`, disk, process.execPath, BIN],
      env: {OPENCODE_DELEGATE_DATA_DIR: disk},
    });
    try {
      expect((await client.call('delegation_list')).text).toBe('No delegations in this project yet.');
      expect((await client.call('delegate', {prompt: 'Anything'})).isError).toBe(true);
    } finally {
      await client.close();
      // By itself, so that it takes its lock along, which lies outside of the sandbox.
      await allGone(sandbox.root);
      await sandbox.remove();
    }
  });
});

describe('a full disk', () => {
  it.skipIf(!canMount)(
    'changes no end: the answer can be read, says that it is not on disk, and is written when there is room',
    async () => {
      const model = await ScriptedModel.start();
      const sandbox = createSandbox({modelUrl: model.url});
      const disk = join(sandbox.root, 'small disk');
      mkdirSync(disk);
      const client = await connect(sandbox, {
        command: '/bin/sh',
        args: [
          '-c',
          'exec unshare -rm sh -c \'mount -t tmpfs -o size=256k,mode=700 none "$1" && exec "$2" "$3"\' sh "$0" "$1" "$2"',
          disk,
          process.execPath,
          BIN,
        ],
        env: {OPENCODE_DELEGATE_DATA_DIR: disk},
      });
      try {
        // The agent fills the disk itself, which is then full when its answer is to be stored.
        model.script(({toolResults}): Reply => {
          if (toolResults.length > 0) return {text: `Not lost.${' More text.'.repeat(2_000)}`};
          return {
            tool: 'bash',
            input: {command: `head -c 1000000 /dev/zero > "${disk}/filler"; true`, description: 'fill'},
          };
        });
        const id = await client.delegate('Fill the disk', {directory: sandbox.project});
        const read = await client.read(id);
        expect(read.blocks[0]).toMatch(
          / · completed · .*This end is not on disk yet: ENOSPC.*kept in memory and written as soon as that is possible/s,
        );
        expect(read.blocks[1]).toMatch(/^Not lost\. More text\./);

        const refused = await client.call('delegate', {prompt: 'One more'});
        expect(refused).toMatchObject({
          isError: true,
          text: expect.stringMatching(/^The delegation could not be stored, so it was not started: ENOSPC/),
        });

        // Only through the eyes of that process is there a disk to make room on.
        rmSync(`/proc/${client.pid}/root${disk}/filler`);
        await eventually(async () => {
          const answer = await client.call('delegation_read', {id, wait_seconds: 0});
          return !answer.text.includes('not on disk');
        });
      } finally {
        await client.close();
        await model.close();
        await sandbox.remove();
      }
    },
  );
});
