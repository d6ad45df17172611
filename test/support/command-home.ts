import {expect, onTestFinished} from 'vitest';
import {shownDelegation} from '../../src/control/shown.ts';
import {runCommand} from './command.ts';
import {createGate, type Gate} from './gate.ts';
import {createSandbox, type Sandbox} from './sandbox.ts';
import {type ModelRequest, type Reply, ScriptedModel} from './scripted-model.ts';

/** What is printed of a delegation that was begun. */
export const ID = /^[a-z]+-[a-z]+-[a-z]+$/;
/** What agents ask for is waited on for longer than any test takes. */
export const WAITING = {OPENCODE_DELEGATE_ON_ASK: 'wait', OPENCODE_DELEGATE_ASK_SECONDS: '600'};

/**
 * A sandbox in which a person's commands begin delegations. One whose prompt begins with "Ask" asks for a permission
 * first; a test can hold any until it is done with it.
 */
export class CommandHome {
  readonly model: ScriptedModel;
  readonly sandbox: Sandbox;
  readonly #gates: Map<string, Gate>;

  private constructor(model: ScriptedModel, gates: Map<string, Gate>) {
    this.model = model;
    this.#gates = gates;
    this.sandbox = createSandbox({modelUrl: model.url, config: {permission: {bash: 'ask'}}});
  }

  /** @param more answers what a test has an answer of its own for. */
  static async open(more: (request: ModelRequest) => Reply | undefined = () => undefined) {
    const gates = new Map<string, Gate>();
    const model = await ScriptedModel.start(async (request) => {
      const {prompt, toolResults} = request;
      await gates.get(prompt)?.opened;
      const own = more(request);
      if (own !== undefined) return own;
      if (prompt.startsWith('Ask') && toolResults.length === 0)
        return {tool: 'bash', input: {command: 'true', description: 'Ask first'}};
      return {text: `Answer to ${prompt}`};
    });
    return new CommandHome(model, gates);
  }

  /** Begins one, and resolves with its id. */
  async begin(prompt: string, ...more: readonly string[]): Promise<string> {
    const {stdout, stderr, exitCode} = await runCommand(this.sandbox, ['run', prompt, ...more], {
      env: WAITING,
    });
    // What else is at work there is said beside.
    expect({stdout, exitCode}, stderr).toEqual({stdout: expect.stringMatching(ID), exitCode: 0});
    return stdout;
  }

  /** Begins one whose model answers when the returned gate is opened. */
  async beginHeld(prompt: string): Promise<{id: string; gate: Gate}> {
    const gate = createGate();
    this.#gates.set(prompt, gate);
    onTestFinished(() => gate.open());
    return {id: await this.begin(prompt), gate};
  }

  async statusOf(id: string): Promise<string | undefined> {
    const {stdout} = await runCommand(this.sandbox, ['list', '--json']);
    const all = shownDelegation.array().parse(JSON.parse(stdout));
    return all.find((shown) => shown.id === id)?.status;
  }

  async close(): Promise<void> {
    await this.sandbox.remove();
    await this.model.close();
  }
}
