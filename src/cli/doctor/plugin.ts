import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {NAME} from '../../base/name.ts';
import {realPathSync} from '../../base/real-path.ts';
import {inQuotes} from '../../base/safe-text.ts';
import type {ClientFile} from '../clients/client.ts';
import {pluginFile, whosePlugin} from '../clients/ours.ts';
import {openCodeFiles} from '../clients/places.ts';
import {valueIn} from '../clients/value.ts';
import {type Finding, failed, fine, warning} from './finding.ts';
import type {OpenCodeSays} from './opencode.ts';

const WHAT = 'OpenCode plugin';
const ADD = `opencode plugin ${NAME} --global`;

export interface CheckPluginOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** The program that runs now; a plugin of its version lies beside it. */
  readonly main: string;
  /** Absent where OpenCode could not be started. */
  readonly openCode: OpenCodeSays | undefined;
}

/** Whether our plugin is configured, lies where it is said to lie, and was loaded. `undefined` where none is configured. */
export function checkPlugin({env, cwd, main, openCode}: CheckPluginOptions): Finding | undefined {
  const own = join(dirname(main), 'plugin.js');
  const found = openCodeFiles({env, cwd}).flatMap((file) =>
    pluginsIn(file.path)
      .filter((spec) => isOurs(spec, file.path, own))
      .map((spec) => ({file, spec})),
  );
  const [first] = found;
  if (first === undefined) return undefined;
  const {file, spec} = found.find((one) => one.file.isOwn) ?? first;
  return judged({file, spec, loaded: openCode?.loadedPlugin, isKnown: openCode !== undefined});
}

interface Configured {
  readonly file: ClientFile;
  readonly spec: string;
  readonly loaded: string | undefined;
  /** Whether OpenCode could be asked. */
  readonly isKnown: boolean;
}

function judged({file, spec, loaded, isKnown}: Configured): Finding {
  const says = `It is in ${inQuotes(file.path)}`;
  const path = pluginFile(spec, file.path);
  if (path !== undefined && !existsSync(path))
    return failed(WHAT, `${says}, as ${inQuotes(path)}, which is not there.`, `Correct the path, or: ${ADD}`);
  if (loaded !== undefined) return fine(WHAT, `${says}. OpenCode has loaded it from ${inQuotes(loaded)}.`);
  if (!isKnown)
    return warning(WHAT, `${says}. OpenCode did not start, so nobody knows whether it loads.`, 'See above.');
  if (!file.isOwn)
    return fine(WHAT, `${says}. It is not tried: OpenCode was started outside of this project.`);
  return failed(
    WHAT,
    `${says}, and OpenCode has not loaded it.`,
    `${ADD} --force. The log of OpenCode says why: opencode --print-logs`,
  );
}

function pluginsIn(path: string): readonly string[] {
  const value = configurationIn(path);
  const plugins = typeof value === 'object' && value !== null && 'plugin' in value ? value.plugin : [];
  if (!Array.isArray(plugins)) return [];
  const specs = plugins.map((one: unknown) => (Array.isArray(one) ? one[0] : one));
  return specs.filter((spec) => typeof spec === 'string');
}

function configurationIn(path: string): unknown {
  try {
    return valueIn(path, readFileSync(path, 'utf8'));
  } catch {
    // It is not there, or the check of the clients says that it cannot be read.
    return undefined;
  }
}

function isOurs(spec: string, file: string, own: string): boolean {
  const path = pluginFile(spec, file);
  return (
    whosePlugin(spec, file) !== 'foreign' || (path !== undefined && realPathSync(path) === realPathSync(own))
  );
}
