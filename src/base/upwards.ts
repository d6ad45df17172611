import {dirname} from 'node:path';

/** A folder and all that it lies in, itself first. */
export function upwards(folder: string): readonly string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upwards(above)];
}
