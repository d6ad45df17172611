import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll} from 'vitest';
import type {ConnectOptions} from './client.ts';
import {createSandbox, type Sandbox, type SandboxOptions} from './sandbox.ts';
import {opening, type Scene} from './scene.ts';
import {type Script, ScriptedModel} from './scripted-model.ts';

/** One home, model, host and OpenCode for tests that end none of them: starting these is most of what a test costs. */
export interface SharedHome {
  readonly sandbox: Sandbox;
  /** Gives the test that runs a new project in that home, and the model its script. */
  scene(script?: Script): Scene;
}

/** Shares a home among the tests of the file or `describe` that calls this. */
export function shareHome(options: SandboxOptions & ConnectOptions = {}): SharedHome {
  let model: ScriptedModel;
  let sandbox: Sandbox;
  let count = 0;

  beforeAll(async () => {
    model = await ScriptedModel.start();
    sandbox = createSandbox({modelUrl: model.url, ...options});
  });

  afterAll(async () => {
    await sandbox.remove();
    await model.close();
  });

  return {
    get sandbox() {
      return sandbox;
    },
    scene(script = () => ({text: 'done'})) {
      count += 1;
      const project = join(sandbox.root, String(count), 'my project');
      mkdirSync(project, {recursive: true});
      model.script(script);
      const own = {...sandbox, project};
      return {model, sandbox: own, open: opening(own, options)};
    },
  };
}
