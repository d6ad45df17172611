import {readlinkSync} from 'node:fs';
import {parse} from 'node:path';

/** What Linux puts behind the name of a folder that is no more. */
const DELETED = / \(deleted\)$/;

/**
 * Where this process works. Where that folder has been removed, the name that it had, as it may be made again; where the
 * system does not say that either, the top of the file system, where nobody works without saying so.
 */
export function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return formerName() ?? parse(process.execPath).root;
  }
}

/**
 * Where a client works that has started this server, as far as the place of the process says it. Clients of Agent Plugins
 * start servers in the folder of the plugin (agent-plugins.org, 1.0.0, section 7.2.1), which says nothing of that: then
 * it is the top of the file system.
 */
export function clientDirectory(env: NodeJS.ProcessEnv): string {
  const directory = workingDirectory();
  return env.PLUGIN_ROOT === directory ? parse(directory).root : directory;
}

function formerName(): string | undefined {
  try {
    return readlinkSync('/proc/self/cwd').replace(DELETED, '');
  } catch {
    // Only Linux has it.
    return undefined;
  }
}
