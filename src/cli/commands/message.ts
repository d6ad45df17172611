import {type Command, EXIT, UsageError} from '../line/command.ts';
import {atHost, tellAt} from '../sources/acting.ts';
import {findDelegation} from '../sources/find.ts';
import {PROMPT_OPTIONS, promptOf} from '../sources/prompt.ts';
import {RecordsOnDisk} from '../sources/records.ts';

export const message: Command = {
  usage: '<id> [text] [options]',
  about:
    'Tells the agent of a delegation something more, while it waits or runs: a correction, say. It says when the agent gets it, or that it came too late. The text is the argument, a file, or stdin.',
  options: PROMPT_OPTIONS,
  examples: [
    ['message swift-amber-otter "Leave the tests alone."', 'correct it'],
    ['message swift-amber-otter < more.md', 'from a file'],
  ],
  takes: {least: 1, most: 2},
  async run(call) {
    const {args, env, cwd, terminal} = call;
    const [given = '', argument] = args;
    const records = new RecordsOnDisk(env);
    const named = findDelegation(given, records, await records.projectOf(cwd));
    const text = await promptOf(call, argument);
    if (text === undefined) throw new UsageError('There is no text.');
    return atHost(call, async (host) => {
      terminal.print(await tellAt(host, named, text));
      return EXIT.ok;
    });
  },
};
