import {messageOf, Refusal} from '../../base/errors.ts';
import {workingDirectory} from '../../base/working-directory.ts';
import {EXIT} from '../line/command.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';
import type {Terminal} from '../terminal/terminal.ts';
import {allDelegations} from './feed/delegations.ts';
import {WordsFeed} from './feed/words.ts';
import {Session} from './session.ts';
import {withDelegations} from './state/arrange.ts';

export interface ViewOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** The path of the program, to start a host or a command with. */
  readonly main: string;
  readonly terminal: Terminal;
}

/** Opens the live view and resolves with the exit code when the person has left it. @throws Refusal. */
export async function openView({env, version, main, terminal}: ViewOptions): Promise<number> {
  if (env.TERM === 'dumb')
    throw new Refusal(
      'This terminal cannot show the live view: its TERM is "dumb". Try opencode-delegate list, or --help.',
    );
  const hello = {env, version, cwd: workingDirectory()};
  const records = new RecordsOnDisk(env);
  const interrupt = untilInterrupted();
  const {signal} = interrupt;
  const session = new Session({hello, main, terminal, here: () => records.projectOf(hello.cwd)});
  const {store} = session;
  const complain = (message: string) => session.say({text: message, look: 'bad'});
  const feed = {hello, signal, complain};
  const words = new WordsFeed(records, feed, (told) => store.set({...store.state, words: told}));
  session.onSelected((shown) => words.select(shown));
  const watching = (async () => {
    for await (const all of allDelegations(records, feed)) session.know(withDelegations(store.state, all));
  })().catch((error: unknown) => complain(messageOf(error)));
  try {
    await session.run(signal);
    return EXIT.ok;
  } finally {
    interrupt.done();
    await watching;
  }
}
