import type {Answer, DemoClient} from './client.ts';
import {dim, print} from './output.ts';

/** One of the demos. */
export interface Show {
  /** Plays it to its end. */
  play(): Promise<void>;
  /** Ends all that was started, and removes all that was made but the results. Idempotent. */
  end(): Promise<void>;
  /** Removes the results too, where they were made for nobody but the demo. */
  discard(): void;
}

/** A delegation, and what reading it has answered. */
export interface Delegated {
  readonly id: string;
  readonly blocks: readonly string[];
}

/** Reads a delegation, and prints its progress until it ends. */
export async function readToTheEnd(client: DemoClient, id: string): Promise<Delegated> {
  const {blocks} = await client.read(id, (message) => print(`  ${id.padEnd(28)} ${dim(message)}`));
  return {id, blocks};
}

/** @throws Error naming those that did not complete. */
export function expectCompleted(delegated: readonly Delegated[]): void {
  const failed = delegated.filter(({id, blocks}) => !blocks[0]?.includes(`${id} · completed`));
  if (failed.length > 0) throw new Error(`${failed.map(({id}) => id).join(' and ')} did not complete.`);
}

/** The id that `delegate` has answered with. */
export function idIn({blocks}: Answer): string {
  const id = /^[a-z]+-[a-z]+-[a-z]+/.exec(firstLine(blocks))?.[0];
  if (id === undefined) throw new Error(`delegate answered without an id: ${blocks.join('\n')}`);
  return id;
}

export function firstLine(blocks: readonly string[]): string {
  return blocks[0]?.split('\n')[0] ?? '';
}

/** The file that an answer names. */
export function artifactOf({id, blocks}: Delegated): string {
  const artifact = /^Artifact: (.+)$/m.exec(blocks[0] ?? '')?.[1];
  if (artifact === undefined) throw new Error(`the result of ${id} names no artifact`);
  return artifact;
}
