import {readFileSync} from 'node:fs';
import {execa} from 'execa';
import {expect, it} from 'vitest';
import {runCommand} from '../support/command.ts';
import {delegate, idsIn} from '../support/delegating-script.ts';
import {createGate} from '../support/gate.ts';
import {artifactOf, createSandbox, HOST_MODE} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {PLUGIN} from '../support/user-opencode.ts';

/** What docs/ci.md promises of the client that is always here; client-hooks.test.ts tries the others. */
it.runIf(HOST_MODE === 'on')(
  'opencode run ends while a delegation runs: a command is the gate, and a file has the result',
  async () => {
    const gate = createGate();
    const ids: string[] = [];
    const model = await ScriptedModel.start(async (request) => {
      if (request.prompt === 'Look at the retries.') {
        await gate.opened;
        return {text: 'They pile up.'};
      }
      if (request.tools.length === 0) return {text: 'A title'};
      ids.push(...idsIn(request));
      return ids.length === 0 ? delegate('Look at the retries.') : {text: 'It is delegated.'};
    });
    const sandbox = createSandbox({modelUrl: model.url, config: {plugin: [PLUGIN]}});
    try {
      const client = await execa('opencode', ['run', 'Please delegate.'], {
        ...{cwd: sandbox.project, env: sandbox.env, extendEnv: false, stdin: 'ignore'},
        preferLocal: true,
      });
      expect(client.stdout).toContain('It is delegated.');
      const [id = ''] = ids;
      expect((await runCommand(sandbox, ['list'])).stdout).toContain(`${id}  running`);
      expect((await runCommand(sandbox, ['wait', id, '--exit-status', '--timeout', '0.1s'])).exitCode).toBe(
        124,
      );
      gate.open();
      expect((await runCommand(sandbox, ['wait', id, '--exit-status'])).exitCode).toBe(0);
      expect(readFileSync(artifactOf(sandbox, id), 'utf8')).toContain('\n## Result\n\nThey pile up.');
    } finally {
      gate.open();
      await sandbox.remove();
      await model.close();
    }
  },
);
