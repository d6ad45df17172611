import type {Command} from '../line/command.ts';
import {EXIT} from '../line/command.ts';
import {atHost, cancelAt} from '../sources/acting.ts';
import {findDelegation} from '../sources/find.ts';
import {RecordsOnDisk} from '../sources/records.ts';

export const cancel: Command = {
  usage: '<id…>',
  about: 'Stops delegations, queued or running. What their agents had written is kept.',
  options: {},
  examples: [['cancel swift-amber-otter', 'stop it']],
  takes: {least: 1, most: Number.POSITIVE_INFINITY},
  async run(call) {
    const {args, env, cwd, terminal} = call;
    const records = new RecordsOnDisk(env);
    const project = await records.projectOf(cwd);
    const all = args.map((given) => findDelegation(given, records, project));
    return atHost(call, async (host) => {
      for (const named of all) terminal.print(await cancelAt(host, named));
      return EXIT.ok;
    });
  },
};
