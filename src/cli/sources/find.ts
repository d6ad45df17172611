import {Refusal} from '../../base/errors.ts';
import {inQuotes} from '../../base/safe-text.ts';
import type {Named} from '../../delegation/model/delegation.ts';
import {parseId} from '../../delegation/model/id.ts';
import {nearest} from '../line/nearest.ts';
import type {RecordsOnDisk} from './records.ts';

/**
 * The delegation that a person means: by its id or the beginning of it, in the project where they are, else in any.
 * @throws Refusal when there is none, or more than one; it names what is like it.
 */
export function findDelegation(given: string, records: RecordsOnDisk, project: string): Named {
  const id = parseId(given) ?? given.trim().toLowerCase();
  const here = records.ids(project);
  const own = matching(id, here);
  if (own !== undefined) return own;
  const everywhere = records.ids();
  const other = matching(id, everywhere);
  if (other !== undefined) return other;
  const near = nearest(id, [...new Set([...here, ...everywhere].map((named) => named.id))]);
  const guess = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new Refusal(`No delegation ${inQuotes(given)}.${guess} opencode-delegate list --all shows all.`);
}

/** @throws Refusal when several fit. */
function matching(id: string, all: readonly Named[]): Named | undefined {
  const exact = all.filter((named) => named.id === id);
  const fitting = exact.length > 0 || id === '' ? exact : all.filter((named) => named.id.startsWith(id));
  const [first, ...more] = fitting;
  if (more.length === 0) return first;
  const names = fitting.slice(0, 5).map((named) => `${named.id} in ${named.project}`);
  throw new Refusal(
    `Several delegations fit ${inQuotes(id)}: ${names.join(', ')}. Say more of the id, or be in the project's directory.`,
  );
}
