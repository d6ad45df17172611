import {fileURLToPath} from 'node:url';
import {NAME} from './base/name.ts';
import {NESTED_MARK} from './base/nested.ts';
import type {TuiApi} from './tui/opencode/api.ts';
import {showDelegations} from './tui/plugin.ts';

/** Called once by OpenCode where it has a screen. */
async function tui(api: TuiApi): Promise<void> {
  // Inside a server that we started ourselves, a delegated agent works, which has no screen to look at.
  if ((process.env[NESTED_MARK] ?? '') !== '') return;
  showDelegations(api, {
    main: fileURLToPath(new URL('./main.cjs', import.meta.url)),
    manifest: fileURLToPath(new URL('../package.json', import.meta.url)),
    env: process.env,
  });
}

export default {id: NAME, tui};
