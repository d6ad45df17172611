import {join} from 'node:path';

export const EXTENSION = '.md';

/** Where the record of a delegation is, below the folder that holds a folder for each project. */
export function artifactIn(root: string, project: string, id: string): string {
  return join(root, project, `${id}${EXTENSION}`);
}
