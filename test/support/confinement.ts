import {execaSync} from 'execa';
import {NPM_BIN} from './sandbox.ts';

/**
 * Whether this machine has bubblewrap and lets it make namespaces. Where not, one can only be told so. What lies in
 * folders that a sandbox does not show cannot be run in it, this checkout included.
 */
export const canConfine =
  process.platform === 'linux' &&
  !/^\/(tmp|run)\//.test(NPM_BIN) &&
  execaSync('bwrap', ['--unshare-pid', '--ro-bind', '/', '/', '--proc', '/proc', 'true'], {reject: false})
    .exitCode === 0;
