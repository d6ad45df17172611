import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import * as z from 'zod';
import {said} from '../contract/said.ts';
import type {ConversationEntry} from '../delegation/model/conversation.ts';
import type {Named} from '../delegation/model/delegation.ts';
import {replaceWhole} from './files/write-whole.ts';

const kept = z.object({
  entries: z.array(z.object({key: z.string(), at: z.number(), isBelow: z.boolean(), said})),
});

/** Keeps what an agent has said beside its record, where no OpenCode of this machine has it. */
export async function keepConversation(
  root: string,
  named: Named,
  entries: readonly ConversationEntry[],
): Promise<void> {
  await replaceWhole(pathOf(root, named), JSON.stringify({entries}));
}

/** What was kept; `undefined` where nothing was, or it cannot be understood. */
export async function keptConversation(
  root: string,
  named: Named,
): Promise<readonly ConversationEntry[] | undefined> {
  try {
    return kept.parse(JSON.parse(await readFile(pathOf(root, named), 'utf8'))).entries;
  } catch {
    return undefined;
  }
}

/** Idempotent. */
export async function dropConversation(root: string, named: Named): Promise<void> {
  await rm(pathOf(root, named), {force: true});
}

function pathOf(root: string, {project, id}: Named): string {
  return join(root, project, `${id}.conversation.json`);
}
