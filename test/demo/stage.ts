import {mkdirSync, mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join, resolve, sep} from 'node:path';
import {createSandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {script, writeProject} from './work.ts';

/** Where the demo happens. */
export interface Stage {
  /** A project made for the demo, which goes when it ends. */
  readonly project: string;
  readonly env: Record<string, string>;
  /** What people are told about where the results stay. */
  readonly keeping: string;
  /** Removes all that was made for the demo but the results. Idempotent. */
  clear(): Promise<void>;
  /** Removes the results too, where they were made for nobody but the demo. */
  discard(): void;
}

/** A home of its own and a scripted model on loopback: nothing of the person's configuration is used. */
export async function scriptedStage(): Promise<Stage> {
  const model = await ScriptedModel.start(script);
  const sandbox = createSandbox({modelUrl: model.url});
  const {path, ...results} = resultsFolder();
  writeProject(sandbox.project);
  let cleared: Promise<void> | undefined;
  return {
    project: sandbox.project,
    env: {...sandbox.env, OPENCODE_DELEGATE_DATA_DIR: path},
    clear() {
      cleared ??= model.close().then(() => sandbox.remove());
      return cleared;
    },
    ...results,
  };
}

/** A folder for results, which stays when the demo ends. */
export function resultsFolder(): Pick<Stage, 'keeping' | 'discard'> & {readonly path: string} {
  const path = temporaryFolder('opencode-delegate-demo-');
  return {
    path,
    keeping: `They are yours to look at; delete ${path} when you have.`,
    discard: () => rmSync(path, {recursive: true, force: true}),
  };
}

/** The person's own environment, OpenCode and model; only the project is the demo's. */
export function liveStage(): Stage {
  const folder = temporaryFolder('opencode-delegate-live-');
  const project = join(folder, 'my project');
  mkdirSync(project);
  writeProject(project);
  const env = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return {
    project,
    env: {...Object.fromEntries(env), PATH: ownPathFirst(process.env.PATH ?? '')},
    keeping: 'They are kept with your other delegations.',
    clear: async () => rmSync(folder, {recursive: true, force: true}),
    discard: () => {},
  };
}

function temporaryFolder(prefix: string): string {
  return mkdtempSync(resolve(realpathSync(tmpdir()), prefix));
}

/** npm puts this package's own tools first; the person's `opencode` is the one to use where there is one. */
function ownPathFirst(path: string): string {
  const folders = path.split(delimiter);
  const isNpms = (folder: string) => folder.endsWith(`node_modules${sep}.bin`);
  return [...folders.filter((folder) => !isNpms(folder)), ...folders.filter(isNpms)].join(delimiter);
}
