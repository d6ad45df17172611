import {join} from 'node:path';
import type {OpencodeClient} from '@opencode-ai/sdk/v2/client';
import {createLogger} from '../../src/base/log.ts';
import {findBinary} from '../../src/opencode/server/binary.ts';
import {OpenCodeServer} from '../../src/opencode/server/server.ts';
import {dataOf} from '../../src/opencode/wire/answer.ts';
import type {Sandbox} from '../support/sandbox.ts';

const MODEL = {providerID: 'scripted', modelID: 'model'};
const AGENT = 'build';

/** An OpenCode server started as ours is, in a sandbox of its own, and driven by nothing but its SDK. */
export class RawOpenCode {
  readonly #server: OpenCodeServer;
  readonly #client: OpencodeClient;
  readonly #directory: string;

  private constructor(server: OpenCodeServer, directory: string) {
    this.#server = server;
    this.#client = server.client;
    this.#directory = directory;
  }

  static async start({env, dataDir, project}: Sandbox): Promise<RawOpenCode> {
    const log = createLogger({level: 'error', write: (line) => process.stderr.write(line)});
    const binary = await findBinary({named: undefined, env});
    return new RawOpenCode(
      await OpenCodeServer.start({
        binary,
        env,
        cwd: dataDir,
        worktrees: join(dataDir, 'worktrees'),
        use: 'work',
        readOnlyTools: [],
        isAnswered: false,
        log,
        conceal: (text) => text,
      }),
      project,
    );
  }

  /** Opens a session, as a delegation does, and resolves with the answer to its one prompt. */
  async run(prompt: string): Promise<void> {
    const session = await dataOf(
      this.#client.session.create({
        directory: this.#directory,
        // Without one, OpenCode would ask the model for a title as well.
        title: prompt,
        agent: AGENT,
        model: {id: MODEL.modelID, providerID: MODEL.providerID},
      }),
    );
    const {info, parts} = await dataOf(
      this.#client.session.prompt({
        sessionID: session.id,
        agent: AGENT,
        model: MODEL,
        parts: [{type: 'text', text: prompt}],
      }),
    );
    if (info.error !== undefined) throw new Error(JSON.stringify(info.error));
    if (!parts.some(({type}) => type === 'text')) throw new Error('the raw prompt had no answer');
  }

  close(): Promise<void> {
    return this.#server.stop();
  }
}
