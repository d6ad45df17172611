import {createSandbox, type Sandbox, type SandboxOptions} from '../support/sandbox.ts';
import {UserOpenCode} from '../support/user-opencode.ts';
import {Bin} from './bin.ts';
import type {Cleanup} from './cleanup.ts';
import {BenchModel, promptOf} from './model.ts';
import {RawOpenCode} from './raw.ts';

/** Runs before the first sample; the first prompts in a directory boot it. */
const WARM_UPS = 8;

/** What row groups play on: the scripted model, and whatever they start with it. */
export class Stage {
  readonly model: BenchModel;
  readonly #cleanup: Cleanup;

  private constructor(model: BenchModel, cleanup: Cleanup) {
    this.model = model;
    this.#cleanup = cleanup;
  }

  /** All that is started on the stage is registered with the clean-up before anything else can fail. */
  static async open(cleanup: Cleanup): Promise<Stage> {
    const model = await BenchModel.start();
    cleanup.defer(() => model.close());
    return new Stage(model, cleanup);
  }

  sandbox(options: SandboxOptions = {}): Sandbox {
    const sandbox = createSandbox({modelUrl: this.model.url, ...options});
    this.#cleanup.defer(() => sandbox.remove());
    return sandbox;
  }

  async bin(env: Record<string, string> = {}, sandbox = this.sandbox()): Promise<Bin> {
    const bin = await Bin.start({sandbox, env});
    this.#cleanup.defer(() => bin.close());
    return bin;
  }

  /** A bin that has listed its tools and run some delegations. */
  async warmBin(env: Record<string, string> = {}, sandbox = this.sandbox()): Promise<Bin> {
    const bin = await this.bin(env, sandbox);
    await bin.client.listTools();
    for (let n = 0; n < WARM_UPS; n++) await bin.read(await bin.delegate(promptOf(0)));
    return bin;
  }

  /** An OpenCode of a person's, with the plugins that the sandbox configures. */
  async userOpenCode(sandbox: Sandbox): Promise<UserOpenCode> {
    const opencode = await UserOpenCode.start(sandbox);
    this.#cleanup.defer(() => opencode.kill());
    return opencode;
  }

  /** An equal server with nothing of ours before it, warmed alike. */
  async warmRaw(): Promise<RawOpenCode> {
    const raw = await RawOpenCode.start(this.sandbox());
    this.#cleanup.defer(() => raw.close());
    for (let n = 0; n < WARM_UPS; n++) await raw.run(promptOf(0));
    return raw;
  }
}
