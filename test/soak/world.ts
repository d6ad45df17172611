import {createSandbox, type Sandbox} from '../support/sandbox.ts';
import {ScriptedModel} from '../support/scripted-model.ts';
import {PLUGIN} from '../support/user-opencode.ts';
import {Counts} from './counts.ts';
import type {Findings} from './findings.ts';
import {Records} from './records.ts';
import {Work} from './work.ts';

/** So many may be open before nobody delegates more: some wait, as not so many run at once. */
export const MAX_OPEN = 12;

/** What all that takes part in a run shares. */
export interface World {
  readonly sandbox: Sandbox;
  readonly model: ScriptedModel;
  /** What every client passes on, so that all share one OpenCode. */
  readonly clientEnv: Record<string, string>;
  readonly work: Work;
  readonly records: Records;
  readonly findings: Findings;
  readonly counts: Counts;
}

/** A home in which nothing has happened yet, with the plugin for the one who opens OpenCode in it. */
export async function openWorld(findings: Findings): Promise<World> {
  const work = new Work(findings);
  const model = await ScriptedModel.start((request) => work.answer(request));
  const sandbox = createSandbox({modelUrl: model.url, config: {plugin: [PLUGIN]}});
  return {
    ...{sandbox, model, work, findings},
    clientEnv: {OPENCODE_DELEGATE_CONCURRENCY: '6'},
    records: new Records({dataDir: sandbox.dataDir, findings, work}),
    counts: new Counts(),
  };
}
