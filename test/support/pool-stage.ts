import {join} from 'node:path';
import {Service, type ServiceOptions, type Within} from '../../src/app/service.ts';
import {type RunningWorker, startWorker} from '../../src/app/worker.ts';
import {readConfig} from '../../src/config.ts';
import type {Delegation} from '../../src/delegation/model/delegation.ts';
import {keyFilesIn, writeKey} from '../../src/pool/keys/key-files.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey} from '../../src/pool/seal/owner-key.ts';
import type {WorkerSettings} from '../../src/pool/worker/settings.ts';
import {FakeLog} from './fakes.ts';
import {Repository} from './repository.ts';
import {createSandbox, type Sandbox} from './sandbox.ts';
import {ScriptedModel} from './scripted-model.ts';

/** The variables of a client or a worker of a pool. */
const POOL_VARIABLES = {
  OPENCODE_DELEGATE_POOL: 'postgres://nobody@localhost/none',
  OPENCODE_DELEGATE_POOL_FETCH: 'file',
  OPENCODE_DELEGATE_TRUST: 'all',
};

const WORKER_SETTINGS: WorkerSettings = {
  allowed: {owners: 'all', repositories: 'all', agents: 'all'},
  ...{concurrency: 2, once: false, drainMs: 5_000, checkpointMs: 600_000},
};

/** A client's machine and those of workers, each with a home, and a pool between them. */
export class PoolStage {
  readonly group = GroupKey.create();
  readonly owner = OwnerKey.create();
  readonly log = new FakeLog();
  readonly model: ScriptedModel;
  readonly client: Sandbox;
  readonly worker: Sandbox;
  readonly repository: Repository;
  readonly #connect: NonNullable<ServiceOptions['connect']>;
  #workers: RunningWorker[] = [];
  #services: Service[] = [];

  private constructor(model: ScriptedModel, connect: NonNullable<ServiceOptions['connect']>) {
    this.model = model;
    this.#connect = connect;
    const options = {modelUrl: model.url, config: {permission: 'allow'}};
    this.client = createSandbox(options);
    this.worker = createSandbox(options);
    this.repository = Repository.create(this.client.project, {
      home: join(this.client.root, 'home'),
      files: {'a.txt': 'a\n', 'web/page.txt': 'page\n'},
    });
    this.#keys(this.client, true);
    this.#keys(this.worker, false);
  }

  static async open(connect: NonNullable<ServiceOptions['connect']>): Promise<PoolStage> {
    return new PoolStage(await ScriptedModel.start(), connect);
  }

  /** A client's host, in this process, as the next one finds what the last has left. */
  host(more: Record<string, string> = {}): Within & {readonly service: Service} {
    const env = {...this.client.env, ...POOL_VARIABLES, ...more};
    const config = readConfig(env);
    const service = new Service({config, env, log: this.log, version: '1.0.0', connect: this.#connect});
    this.#services.push(service);
    return {...service.within(env, config.delegation), service};
  }

  async startWorker(settings: Partial<WorkerSettings> = {}): Promise<RunningWorker> {
    const worker = await startWorker({
      settings: {...WORKER_SETTINGS, ...settings},
      env: {...this.worker.env, ...POOL_VARIABLES},
      ...{version: '1.0.0', log: this.log, connect: this.#connect},
    });
    this.#workers.push(worker);
    return worker;
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.close()));
    await Promise.all(this.#workers.map((worker) => worker.end()));
    await this.model.close();
    await this.client.remove();
    await this.worker.remove();
  }

  #keys(sandbox: Sandbox, isOwner: boolean): void {
    const files = keyFilesIn(sandbox.env);
    writeKey(files.group, this.group.toText());
    if (isOwner) writeKey(files.owner, this.owner.toText());
  }
}

/** Delegates to the pool, as a client does. */
export async function delegateTo(
  {delegations, environment, projectOf}: Within,
  {directory, prompt, ...more}: {directory: string; prompt: string} & Record<string, unknown>,
): Promise<Delegation> {
  const {delegation} = await delegations.delegate({
    ...{environment, directory, prompt, where: 'pool', timeoutMinutes: 5},
    project: await projectOf(directory),
    client: {name: 'vitest', version: '1.2.3'},
    ...more,
  });
  return delegation;
}

/** Resolves with a delegation once it is as it should be. */
export async function becomes(
  {delegations}: Pick<Within, 'delegations'>,
  {project, id}: Pick<Delegation, 'project' | 'id'>,
  isSo: (delegation: Delegation) => boolean,
): Promise<Delegation> {
  for (;;) {
    const {delegation} = await delegations.get(project, id);
    if (isSo(delegation)) return delegation;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
