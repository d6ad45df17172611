import {spawnSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {connect} from '../support/client.ts';
import {BIN, createSandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';

/** A mount that only the process and its children see; some machines do not let people make one. */
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

describe('a full disk', () => {
  it.skipIf(!canMount)(
    'ends a delegation as an error that says so, and its answer can still be read',
    async () => {
      const model = await ScriptedModel.start();
      const sandbox = createSandbox({modelUrl: model.url});
      const disk = join(sandbox.root, 'small disk');
      mkdirSync(disk);
      const client = await connect(sandbox, {
        command: '/bin/sh',
        args: [
          '-c',
          'exec unshare -rm sh -c \'mount -t tmpfs -o size=256k none "$1" && exec "$2" "$3"\' sh "$0" "$1" "$2"',
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
          / · error · .*Why: The result could not be written to disk: ENOSPC.*It had ended as completed.*kept in memory/s,
        );
        expect(read.blocks[1]).toMatch(/^Not lost\. More text\./);

        const refused = await client.call('delegate', {prompt: 'One more'});
        expect(refused).toMatchObject({
          isError: true,
          text: expect.stringMatching(/^The delegation could not be stored, so it was not started: ENOSPC/),
        });
      } finally {
        await client.close();
        await model.close();
        await sandbox.remove();
      }
    },
  );
});
