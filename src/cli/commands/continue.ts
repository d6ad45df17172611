import type {Command} from '../line/command.ts';
import {findDelegation} from '../sources/find.ts';
import {PROMPT_OPTIONS, promptOf} from '../sources/prompt.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {RUN_OPTIONS, settingsOf, start} from './run.ts';

export const continueCommand: Command = {
  usage: '<id> [prompt] [options]',
  about:
    'Goes on with a delegation that has ended: its agent keeps the conversation. Prints the id of the new delegation. Everything but the prompt is inherited unless given. One that was interrupted needs no prompt.',
  options: {...RUN_OPTIONS, ...PROMPT_OPTIONS},
  examples: [['continue swift-amber-otter "Now fix what you found."', 'the same agent, in the same session']],
  takes: {least: 1, most: 2},
  async run(call) {
    const {args, text, env, cwd} = call;
    const [given = '', words] = args;
    const records = new RecordsOnDisk(env);
    const named = findDelegation(given, records, await records.projectOf(cwd));
    // What stdin happens to be in a script is no prompt, unless it is asked for.
    const isGiven = words !== undefined || text('file') !== undefined || process.stdin.isTTY === true;
    const prompt = isGiven ? await promptOf(call, words) : undefined;
    return start(call, {
      ...{directory: cwd, ...settingsOf(call)},
      continues: {project: named.project, delegation: named.id},
      ...(prompt !== undefined && {prompt}),
    });
  },
};
