import {dataDirOf} from '../../base/data-dir.ts';
import {Refusal} from '../../base/errors.ts';
import type {DelegationHead} from '../../delegation/model/delegation.ts';
import {distrust} from '../../delegation/submit/check-trust.ts';
import {topOf} from '../../git/top.ts';
import {RepositoryTrust} from '../../opencode/trust/repository-trust.ts';

/**
 * OpenCode runs what a directory brings as soon as it works there, and an agent may have written there.
 * @throws Refusal when nobody has allowed what is there now.
 */
export async function ensureTrusted(
  {trusted, worktree}: DelegationHead,
  {directory, env}: {readonly directory: string; readonly env: NodeJS.ProcessEnv},
): Promise<void> {
  if (env.OPENCODE_DELEGATE_TRUST?.trim() === 'all') return;
  const place = {
    ...{directory, access: 'agent' as const, continues: true},
    ...(worktree !== undefined && {checkout: worktree.checkout}),
    ...(trusted !== undefined && {trusted}),
  };
  const problem = await distrust(place, new RepositoryTrust({env, topOf, dataDir: dataDirOf(env)}));
  if (problem !== undefined) throw new Refusal(`${problem} Nothing was started.`);
}
