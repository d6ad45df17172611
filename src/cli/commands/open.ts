import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {Refusal} from '../../base/errors.ts';
import {inQuotes} from '../../base/safe-text.ts';
import {type DelegationHead, hasEnded} from '../../delegation/model/delegation.ts';
import {shellQuoted} from '../../delegation/model/worktree.ts';
import {sessionPlace} from '../../environment/session-place.ts';
import {findBinary} from '../../opencode/server/binary.ts';
import {type Command, EXIT} from '../line/command.ts';
import {findDelegation} from '../sources/find.ts';
import {ensureTrusted} from '../sources/may-run.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {wholeRecord} from '../sources/survey.ts';

export const open: Command = {
  usage: '<id> [--print]',
  about:
    "Opens the session of a delegation's agent in OpenCode, in this terminal: its whole conversation, in which you can go on. What the repository brings runs there only if you have allowed it.",
  options: {print: {type: 'boolean', about: 'Print the command that opens it, and do not run it.'}},
  examples: [
    ['open swift-amber-otter', 'see what the agent did, and go on yourself'],
    ['open swift-amber-otter --print', 'the command, to run in another terminal'],
  ],
  takes: {least: 1, most: 1},
  async run(call) {
    const {args, env, cwd, has, terminal} = call;
    const [given = ''] = args;
    const records = new RecordsOnDisk(env);
    const named = findDelegation(given, records, await records.projectOf(cwd));
    const record = await wholeRecord(named, records);
    const session = sessionIn(record, env);
    const directory = record.worktree?.directory ?? record.directory;
    if (!existsSync(directory)) throw new Refusal(`${inQuotes(directory)}, where it worked, is gone.`);
    const binary = await findBinary({named: env.OPENCODE_DELEGATE_BIN?.trim() || undefined, env});
    const line = `cd ${shellQuoted(directory)} && ${shellQuoted(binary)} --session ${session}`;
    if (has('print')) {
      terminal.print(line);
      return EXIT.ok;
    }
    if (!terminal.isTerminal || process.stdin.isTTY !== true)
      throw new Refusal(`OpenCode needs a terminal. In one, this opens the session:\n${line}`);
    await ensureTrusted(record, {directory, env});
    if (!hasEnded(record.state))
      terminal.complain(
        `${record.id} still runs. What you write there comes between the agent and its work.`,
      );
    return show({binary, session, directory, env});
  },
};

/** @throws Refusal where there is none, or OpenCode would not find it. */
function sessionIn({id, state, owner}: DelegationHead, env: NodeJS.ProcessEnv): string {
  const session = 'sessionId' in state ? state.sessionId : undefined;
  if (session === undefined)
    throw new Refusal(
      hasEnded(state) ? `${id} never ran, so it has no session.` : `${id} has no session yet.`,
    );
  if (owner.sessions !== undefined && owner.sessions !== sessionPlace(env))
    throw new Refusal(
      `The session of ${id} is in ${inQuotes(owner.sessions)}, where OpenCode does not look here: it ran in a sandbox, or in another environment. opencode-delegate show ${id} shows its result.`,
    );
  return session;
}

async function show({
  binary,
  session,
  directory,
  env,
}: {
  readonly binary: string;
  readonly session: string;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}): Promise<number> {
  // Ctrl-C is OpenCode's: we end when it has.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    const child = spawn(binary, ['--session', session], {cwd: directory, env, stdio: 'inherit'});
    const [code] = await once(child, 'close');
    return code === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    process.off('SIGINT', ignore);
  }
}
