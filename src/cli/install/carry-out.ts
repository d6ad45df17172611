import {statSync} from 'node:fs';
import {NAME} from '../../base/name.ts';
import {textDigest} from '../../base/text-digest.ts';
import {replaceWhole} from '../../store/files/write-whole.ts';
import type {Scope} from '../clients/client.ts';
import {foldersMissing, removeConfiguration, removeUnfinished, replaceConfiguration} from './files.ts';
import type {FileChange} from './plan.ts';
import type {Receipts} from './receipts.ts';

/** What the copy of a file is called, beside it. */
const COPY = `.before-${NAME}`;

export interface CarryOutOptions {
  readonly receipts: Receipts;
  readonly scope: Scope;
}

/**
 * Makes a change of `install`: first what it takes to undo it is on disk, then the file is replaced whole. To be
 * interrupted between two steps leaves nothing that a second run, or `uninstall`, does not put right.
 * @throws Refusal where the file is not what it was any more.
 */
export async function carryOut(change: FileChange, {receipts, scope}: CarryOutOptions): Promise<void> {
  const {file, before, after = '', client} = change;
  const known = receipts.all()[file];
  // What we have put in earlier is not what was there before us.
  const isUntouched = known !== undefined && before !== undefined && textDigest(before) === known.after;
  const copy = isUntouched ? known.copy : before === undefined ? undefined : `${file}${COPY}`;
  removeUnfinished(file);
  const isSplit = known !== undefined && !isUntouched && before !== undefined;
  await receipts.set(file, {
    client: client.name,
    // Changed by others since: there is no text any more that was there before us.
    after: isSplit ? '' : textDigest(after),
    ...(copy !== undefined && {copy}),
    folders: [...(known?.folders ?? []), ...foldersMissing(file)],
    added: [...(known?.added ?? []), ...change.added],
  });
  // After the receipt: what nobody knows of, nobody removes.
  if (copy !== undefined && !isUntouched && before !== undefined)
    await replaceWhole(copy, before, {mode: statSync(file)});
  await replaceConfiguration({file, before, after, isPrivate: scope === 'global'});
}

/** Makes a change of `uninstall`, and removes the copy. @throws Refusal as {@link carryOut}. */
export async function takeBack(
  {file, before, after}: FileChange,
  {receipts, scope}: CarryOutOptions,
): Promise<void> {
  const receipt = receipts.all()[file];
  removeUnfinished(file);
  if (after === undefined) removeConfiguration(file, receipt?.folders ?? []);
  else if (after !== before) await replaceConfiguration({file, before, after, isPrivate: scope === 'global'});
  if (receipt?.copy !== undefined) removeConfiguration(receipt.copy, []);
  await receipts.set(file, undefined);
}
