import {onTestFinished} from 'vitest';
import {type ConnectOptions, connect, type TestClient} from './client.ts';
import {createSandbox, type Sandbox, type SandboxOptions} from './sandbox.ts';
import {type Script, ScriptedModel} from './scripted-model.ts';

/** A home, a model, and clients, for one test: all of it is gone when the test is over. */
export interface Scene {
  readonly model: ScriptedModel;
  readonly sandbox: Sandbox;
  /** Connects a client, with the scene's options under its own. */
  open(options?: ConnectOptions): Promise<TestClient>;
}

/** Sets the scene for the test that runs. */
export async function setScene(
  script?: Script,
  options: SandboxOptions & ConnectOptions = {},
): Promise<Scene> {
  const model = await ScriptedModel.start(script);
  onTestFinished(() => model.close());
  const sandbox = createSandbox({modelUrl: model.url, ...options});
  onTestFinished(() => sandbox.remove());
  return {model, sandbox, open: opening(sandbox, options)};
}

/** Connects clients with these options under their own; each is closed when the test that runs is over. */
export function opening(sandbox: Sandbox, {env, ...options}: ConnectOptions): Scene['open'] {
  return async (more = {}) => {
    const client = await connect(sandbox, {...options, ...more, env: {...env, ...more.env}});
    // A test may have killed its server.
    onTestFinished(() => client.close().catch(() => {}));
    return client;
  };
}
