import {join} from 'node:path';
import {messageOf} from '../base/errors.ts';
import type {Logger} from '../base/log.ts';
import {readConfig} from '../config.ts';
import type {HeadlineWriter} from '../delegation/model/ports.ts';
import {projectOfJob} from '../pool/worker/job-project.ts';
import type {OwnService, OwnServices} from '../pool/worker/own-service.ts';
import {type Opened, OwnerPlaces} from '../pool/worker/owner-places.ts';
import type {Service} from './service.ts';

/** In the worker's folder. What begins with a dot is no project. */
const PLACES = '.owners';

/** At most: where OpenCode is to idle for less than this, a place waits no longer for its owner's next job. */
const MAX_KEPT_MS = 60_000;

/** The owner's machine writes the headline of a record, and nobody would see this one. */
const NO_HEADLINES: HeadlineWriter = {write: async () => undefined};

export interface WorkerServicesOptions {
  readonly service: Service;
  /** What agents see. */
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  readonly log: Logger;
}

/** The service of a worker as each owner's jobs have it: with sessions of their own, and none for much longer than needed. */
export class WorkerServices implements OwnServices {
  readonly #options: WorkerServicesOptions;
  readonly #places: OwnerPlaces<OwnService>;

  constructor(options: WorkerServicesOptions) {
    const {env, dataDir, log} = options;
    this.#options = options;
    this.#places = new OwnerPlaces({
      folder: join(dataDir, PLACES),
      open: (folder) => this.#open(folder),
      keptMs: Math.min(readConfig(env).host.serverIdleMs, MAX_KEPT_MS),
      onLeft: (folder, error) => log.warn(`${folder} could not be removed: ${messageOf(error)}`),
    });
  }

  of(job: {readonly id: string; readonly owner: string}): OwnService {
    return this.#places.of(job);
  }

  async forget(job: string): Promise<void> {
    await this.#options.service.removeProject(projectOfJob(job));
    this.#places.forget(job);
  }

  /** Removes the sessions of earlier processes. To be called before the first job. */
  tidy(): Promise<void> {
    return this.#places.tidy();
  }

  /** Removes all sessions. To be called when nothing is at work any more. Never rejects. */
  close(): Promise<void> {
    return this.#places.close();
  }

  #open(folder: string): Opened<OwnService> {
    const {service, env} = this.#options;
    const own = {...env, OPENCODE_DB: join(folder, 'opencode.db')};
    const {environment, delegations, end} = service.within(own, readConfig(own).delegation, folder);
    return {service: {delegations, environment: {...environment, headlines: NO_HEADLINES}}, close: end};
  }
}
