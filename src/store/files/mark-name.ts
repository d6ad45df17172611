import type {Named} from '../../delegation/model/delegation.ts';
import {THREE_WORDS} from '../../delegation/model/id.ts';
import {isProjectName} from './project-name.ts';

/** The name of a file that stands for a delegation: `<id>@<project>`. */
export function markName({id, project}: Named): string {
  return `${id}@${project}`;
}

/** What a file of such a name stands for; `undefined` for one of another name, also where it would lead elsewhere. */
export function namedBy(name: string): Named | undefined {
  const at = name.indexOf('@');
  const named = {id: name.slice(0, Math.max(at, 0)), project: name.slice(at + 1)};
  return THREE_WORDS.test(named.id) && isProjectName(named.project) ? named : undefined;
}
