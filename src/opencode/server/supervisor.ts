import {type ChildProcess, spawn} from 'node:child_process';
import {NAME} from '../../base/name.ts';

/**
 * Runs a command and ends it, with all that it has started, as soon as standard input ends. The kernel closes
 * that pipe when its owner dies, however it dies, so that not even SIGKILL leaves a server behind.
 *
 * Two watch, so that one of them can be killed. Shell commands that an agent runs are no children of the server's
 * process group and would outlive it, hence the walk over the process table; where there is no `ps`, the server
 * alone is ended.
 */
const SCRIPT = `
exec 4<&0
"$@" 4<&- </dev/null &
server=$!
exec 3<&-
watch() {
  read -r _ <&4
  below() {
    ps -A -o pid= -o ppid= 2>/dev/null | awk -v root="$server" '
      { parent[$1] = $2 }
      END { for (pid in parent) { for (p = pid; p in parent && p != root && p > 1; p = parent[p]); if (p == root && pid != root) print pid } }'
  }
  rest=$(below)
  kill -TERM $server $rest 2>/dev/null
  tries=0
  while [ $tries -lt 20 ] && kill -0 $server 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL $server $rest 2>/dev/null
}
watch &
first=$!
watch &
second=$!
exec 4<&-
wait $server
code=$?
kill $first $second 2>/dev/null
exit $code
`;

export interface SupervisedOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file that the command alone inherits, as its descriptor 3. */
  readonly handed?: number | undefined;
}

/**
 * Starts a command that cannot outlive this process. The returned process stands for it: it exits when the
 * command does, with its code, and ending its standard input ends the command.
 *
 * Windows has no such shell; there the command is started as it is.
 */
export function spawnSupervised({command, args, cwd, env, handed}: SupervisedOptions): ChildProcess {
  const options = {cwd, env, windowsHide: true};
  return process.platform === 'win32'
    ? spawn(command, args, {...options, stdio: ['pipe', 'pipe', 'pipe']})
    : spawn('/bin/sh', ['-c', SCRIPT, NAME, command, ...args], {
        ...options,
        stdio: ['pipe', 'pipe', 'pipe', handed ?? 'ignore'],
        // A Ctrl-C at the terminal is for us alone: what runs is recorded and aborted before the server ends.
        detached: true,
      });
}
