import {chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import type {ClientName, KnownClient, Scope} from '../../src/cli/clients/client.ts';
import {clientsFor} from '../../src/cli/clients/places.ts';
import {carryOut, takeBack} from '../../src/cli/install/carry-out.ts';
import {type ClientPlan, planInstall} from '../../src/cli/install/plan.ts';
import {Receipts} from '../../src/cli/install/receipts.ts';
import {planUninstall} from '../../src/cli/install/unplan.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.cjs');

/** What an entry that is installed starts. */
export const LAUNCH = {command: 'node', args: [MAIN], isLocal: true, main: MAIN};

/** A home with the files of clients, into which we are installed and taken out of again. */
export class ClientFiles {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-install-')));
  readonly env: NodeJS.ProcessEnv = {HOME: this.root, PATH: process.env.PATH};
  readonly receipts = new Receipts(this.env);

  /** A path below the home. */
  path(...path: readonly string[]): string {
    return join(this.root, ...path);
  }

  client(name: ClientName): KnownClient {
    const found = clientsFor({env: this.env, cwd: this.path('project')}).find((one) => one.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  }

  /** Writes a file, whose folders are made, and returns its path. */
  write(file: string, text: string, mode = 0o644): string {
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  }

  async install(name: ClientName, scope: Scope = 'global'): Promise<ClientPlan> {
    const plan = planInstall(this.client(name), {scope, launch: LAUNCH});
    for (const change of plan.changes) await carryOut(change, {receipts: this.receipts, scope});
    return plan;
  }

  async uninstall(name: ClientName, scope: Scope = 'global'): Promise<ClientPlan> {
    const plan = planUninstall(this.client(name), {scope, receipts: this.receipts.all()});
    for (const change of plan.changes) await takeBack(change, {receipts: this.receipts, scope});
    return plan;
  }

  remove(): void {
    rmSync(this.root, {recursive: true, force: true});
  }
}
