import {fileURLToPath} from 'node:url';
import {NAME} from './base/name.ts';
import {NESTED_MARK} from './base/nested.ts';
import {sayLoaded} from './contract/loaded-word.ts';
import {Companion} from './plugin/companion.ts';
import type {Hooks, PluginInput} from './plugin/opencode/hooks.ts';
import {pluginLog} from './plugin/opencode/plugin-log.ts';

/** What a person may write beside the plugin's name in OpenCode's configuration. */
interface Options {
  /** False adds no MCP entry: only one that the configuration has is used. */
  readonly mcp?: unknown;
}

/** Called by OpenCode once for every directory that it works in. */
async function server({client, directory}: PluginInput, options: Options = {}): Promise<Partial<Hooks>> {
  // In a server that we started ourselves, a delegated agent works: it has nobody to tell and must not delegate.
  if ((process.env[NESTED_MARK] ?? '') !== '') {
    sayLoaded(process.env, fileURLToPath(import.meta.url));
    return {};
  }
  return new Companion({
    client,
    directory,
    log: pluginLog(client),
    env: process.env,
    main: fileURLToPath(new URL('./main.cjs', import.meta.url)),
    mayAddEntry: options.mcp !== false,
  }).hooks();
}

export default {id: NAME, server};
