import {type TestClient, untilActivity} from './client.ts';
import {eventually, processesIn} from './processes.ts';
import type {Sandbox} from './sandbox.ts';
import {type Scene, setScene} from './scene.ts';
import type {Script} from './scripted-model.ts';

/** Begins its answer and never ends it. */
export const STALL: Script = ({prompt}) => ({stall: `Beginning of ${prompt}`});

/** Delegates, and resolves when each has begun to write. */
export async function delegateAll(
  client: TestClient,
  prompts: readonly string[],
): Promise<readonly string[]> {
  const ids = await Promise.all(prompts.map((prompt) => client.delegate(prompt)));
  await Promise.all(ids.map((id) => untilActivity(client, id, /writing/)));
  return ids;
}

/** A scene, the given one or a new one, with a delegation whose agent runs a shell command that takes minutes. */
export async function aCommandRuns(
  given?: Scene,
): Promise<Scene & {readonly client: TestClient; readonly id: string}> {
  const scene = given ?? (await setScene());
  scene.model.script(() => ({tool: 'bash', input: {command: 'sleep 300', description: 'sleep'}}));
  const client = await scene.open();
  const id = await client.delegate('sleep');
  await untilActivity(client, id, /bash/);
  await eventually(() => commandRuns(scene.sandbox));
  return {...scene, client, id};
}

/** True while that command runs. */
export function commandRuns({root}: Sandbox): boolean {
  return processesIn(root).some(({command}) => command === 'sleep 300');
}
