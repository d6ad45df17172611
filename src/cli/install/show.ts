import {messageOf, Refusal} from '../../base/errors.ts';
import {inQuotes, oneLine} from '../../base/safe-text.ts';
import type {KnownClient} from '../clients/client.ts';
import type {Invocation} from '../line/command.ts';
import {canAsk, confirm} from '../terminal/confirm.ts';
import type {Style, Terminal} from '../terminal/terminal.ts';
import {diffOf} from './diff.ts';
import type {ClientPlan, FileChange} from './plan.ts';

const MARKS: Readonly<Record<string, Style>> = {'+': 'good', '-': 'bad', '@': 'faint'};

/** Shows what is to become of each client's files, as a patch. */
export function showPlans(plans: readonly ClientPlan[], terminal: Terminal): void {
  for (const {client, is, says, changes} of plans) {
    const look = is === 'failed' || is === 'left alone' ? 'attention' : 'plain';
    terminal.print(
      `${terminal.paint('strong', client.title)}${says === '' ? '' : `: ${terminal.paint(look, oneLine(says))}`}`,
    );
    for (const change of changes) showChange(change, terminal);
  }
}

function showChange({file, before, after}: FileChange, terminal: Terminal): void {
  const what = before === undefined ? ' (new)' : after === undefined ? ' (removed)' : '';
  terminal.print(`  ${inQuotes(file)}${what}`);
  if (after === undefined) return;
  for (const line of diffOf(before ?? '', after ?? ''))
    terminal.print(`    ${terminal.paint(MARKS[line[0] ?? ''] ?? 'plain', line)}`);
}

/**
 * Whether what was shown is to be done.
 * @throws Refusal where nobody can be asked, and nothing was said about it.
 */
export async function isWanted({has, terminal}: Invocation): Promise<boolean> {
  if (has('dry-run')) {
    terminal.print('Nothing was changed.');
    return false;
  }
  if (has('yes')) return true;
  if (!canAsk())
    throw new Refusal('Nothing was changed: there is no terminal to ask at. Add --yes to do it.');
  if (await confirm('Do this?')) return true;
  terminal.print('Nothing was changed.');
  return false;
}

/** Makes changes one by one; one that fails is said, and does not keep the others. Resolves with the clients that failed. */
export async function makeEach(
  changes: readonly FileChange[],
  terminal: Terminal,
  make: (change: FileChange) => Promise<void>,
): Promise<ReadonlySet<KnownClient>> {
  const failed = new Set<KnownClient>();
  for (const change of changes) {
    try {
      await make(change);
    } catch (error) {
      failed.add(change.client);
      terminal.complain(`${change.client.title}: ${inQuotes(change.file)}: ${messageOf(error)}`);
    }
  }
  return failed;
}
