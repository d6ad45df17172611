import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {text} from 'node:stream/consumers';
import {describe, expect, it} from 'vitest';
import {createGate} from '../support/gate.ts';
import {allGone} from '../support/processes.ts';
import {BIN, createSandbox, recordsIn, type Sandbox} from '../support/sandbox.ts';
import {type Reply, ScriptedModel} from '../support/scripted-model.ts';
import {openTerminal} from '../support/terminal.ts';

const BACKGROUND = {
  mcp: {background: {type: 'local', command: [process.execPath, BIN], timeout: 60_000}},
};

describe('OpenCode as the client', () => {
  describe.each([
    {
      how: 'is done',
      async delegate(sandbox: Sandbox) {
        const opencode = spawn('opencode', ['run', 'Delegate the inner work'], {
          ...{cwd: sandbox.project, env: sandbox.env},
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const [output] = await Promise.all([text(opencode.stdout), once(opencode, 'exit')]);
        expect(output).toContain('Delegated.');
      },
    },
    {
      how: 'is left with Ctrl-C in its terminal',
      async delegate(sandbox: Sandbox) {
        const terminal = openTerminal(sandbox, 'opencode', '--prompt', 'Delegate the inner work');
        await terminal.shows('Delegated.').catch(async (error: unknown) => {
          await terminal.close();
          throw error;
        });
        terminal.type('\x03');
        await terminal.exited;
      },
    },
  ])('that $how', ({delegate}) => {
    it('takes along all that descends from it, and what it has delegated is completed all the same', async () => {
      const gate = createGate();
      const model = await ScriptedModel.start(async ({prompt, toolResults}): Promise<Reply> => {
        if (prompt === 'The inner work') {
          await gate.opened;
          return {text: 'Inner answer.'};
        }
        const [started] = toolResults;
        if (started === undefined) return {tool: 'background_delegate', input: {prompt: 'The inner work'}};
        await model.asked((request) => request.prompt === 'The inner work');
        return {text: 'Delegated.'};
      });
      const sandbox = createSandbox({modelUrl: model.url, config: BACKGROUND});
      Object.assign(sandbox.env, {OPENCODE_DELEGATE_HOST: 'on'});
      try {
        await delegate(sandbox);
        gate.open();
        await allGone(sandbox.root, 30_000);
        const [record = ''] = recordsIn(sandbox);
        expect(record).toMatch(/\nstatus: completed\n[\s\S]*Inner answer\./);
      } finally {
        gate.open();
        await model.close();
        await sandbox.remove();
      }
    });
  });

  it('delegates from a session, carries on, reads the result, and leaves nothing behind', async () => {
    const model = await ScriptedModel.start(({prompt, tools, toolResults}): Reply => {
      if (prompt === 'The inner work')
        return {text: `Inner answer. Can I delegate? ${tools.some((name) => name.includes('delegat'))}`};
      const [started, carriedOn, read] = toolResults;
      if (started === undefined) return {tool: 'background_delegate', input: {prompt: 'The inner work'}};
      if (carriedOn === undefined) return {tool: 'write', input: {filePath: 'meanwhile.txt', content: 'm'}};
      const id = started.split(' ')[0];
      return read === undefined
        ? {tool: 'background_delegation_read', input: {id}}
        : {text: `It came back: ${read}`};
    });
    const sandbox = createSandbox({
      modelUrl: model.url,
      config: BACKGROUND,
    });
    try {
      // Output is a pipe and nothing is to be typed, as in a script.
      const opencode = spawn('opencode', ['run', 'Delegate the inner work'], {
        cwd: sandbox.project,
        env: sandbox.env,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [output] = await Promise.all([text(opencode.stdout), once(opencode, 'exit')]);
      expect(output).toContain('It came back: Characters 0 to ');
      expect(output).toMatch(/ · completed · agent build · model scripted\/model · took /);
      expect(output).toContain('Inner answer. Can I delegate? false');
      await allGone(sandbox.root);
    } finally {
      await model.close();
      await sandbox.remove();
    }
  });
});
