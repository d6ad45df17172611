import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {type ControlAnswer, controlRequest, type ShownEntry} from '../../src/control/protocol.ts';
import type {ShownDelegation} from '../../src/control/shown.ts';
import {Listener} from '../../src/host/listener.ts';
import {claimHost} from '../../src/link/claim.ts';
import type {Sandbox} from './sandbox.ts';

const QUIET = {debug() {}, info() {}, warn() {}, error() {}};

/** A host that people's tools find in a sandbox, and that tells them what a test wants: any number, anything, any time. */
export class ScriptedHost {
  /** The replies and cancellations that it was asked for. */
  readonly asked: unknown[] = [];
  /** What it answers them with instead of doing them. */
  refusal: string | undefined;
  #listener: Listener | undefined;
  #all: readonly ShownDelegation[];
  readonly #entries: readonly ShownEntry[];
  readonly #followers = new Set<(changed: readonly ShownDelegation[]) => void>();

  private constructor(all: readonly ShownDelegation[], entries: readonly ShownEntry[]) {
    this.#all = all;
    this.#entries = entries;
  }

  static async start(
    {env}: Pick<Sandbox, 'env'>,
    {delegations, entries = []}: {delegations: readonly ShownDelegation[]; entries?: readonly ShownEntry[]},
  ): Promise<ScriptedHost> {
    const host = new ScriptedHost(delegations, entries);
    const {version} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const claim = await claimHost({env, version});
    if (claim === undefined) throw new Error('another host is there');
    host.#listener = await Listener.open({
      ...{...claim, version, log: QUIET},
      admit: () => ({refusal: {message: 'no MCP here', exitCode: 1}}),
      admitControl: () => ({
        serve: ({input, output}) => {
          const send = (answer: ControlAnswer) => {
            output.write(`${JSON.stringify(answer)}\n`);
          };
          createInterface({input}).on('line', (line) => host.#answer(line, send));
          return {close: async () => host.#followers.clear()};
        },
      }),
      status: () => ({delegations: host.#all.length, elsewhere: 0, dataDir: '', environments: []}),
    });
    return host;
  }

  /** Tells all that follow that these are now so. */
  change(changed: readonly ShownDelegation[]): void {
    const known = new Map(this.#all.map((shown) => [shown.id, shown]));
    for (const shown of changed) known.set(shown.id, shown);
    this.#all = [...known.values()];
    for (const tell of this.#followers) tell(changed);
  }

  /** As a host goes that has crashed. */
  close(): void {
    this.#listener?.disconnect();
    this.#listener?.close();
  }

  #answer(line: string, send: (answer: ControlAnswer) => void): void {
    const request = controlRequest.parse(JSON.parse(line));
    const {id} = request;
    if (request.op === 'open') {
      send({id, delegations: [...this.#all], done: !request.follow});
      if (request.follow)
        this.#followers.add((changed) => send({id, delegations: [...changed], done: false}));
    } else if (request.op === 'conversation') send({id, entries: [...this.#entries], done: false});
    else {
      this.asked.push(request);
      send({id, done: true, ...(this.refusal !== undefined && {error: this.refusal})});
    }
  }
}

/** A delegation as a host shows it. */
export function aShown(more: Partial<ShownDelegation> = {}): ShownDelegation {
  return {
    ...{id: 'swift-amber-otter', project: 'shop-0123abcd', title: 'Review the cart', summary: ''},
    ...{status: 'running', blocked: false, unread: false, agent: 'build', model: 'scripted/model'},
    ...{access: 'agent', directory: '/shop', client: 'test', created_at: '2026-01-01T00:00:00.000Z'},
    ...{started_at: '2026-01-01T00:00:00.000Z', timeout_minutes: 15, tool_calls: 0, requests: []},
    usage: {input: 0, output: 0, reasoning: 0, cache_read: 0, cache_write: 0, cost_usd: 0},
    ...{files_changed: [], refused: [], notes: []},
    ...more,
  };
}
