import {oneLine} from '../../base/safe-text.ts';
import {type Command, EXIT, UsageError} from '../line/command.ts';
import {atHost} from '../sources/acting.ts';
import {findDelegation} from '../sources/find.ts';
import {RecordsOnDisk} from '../sources/records.ts';

export const reply: Command = {
  usage: '<id> allow|deny [options]',
  about:
    "Allows, this once, or denies what a delegation's agent asks for, or answers its question: allow, with the answer as message. Anyone who answers first wins, a person or a model.",
  options: {
    message: {
      type: 'string',
      short: 'm',
      value: 'TEXT',
      about: 'What the agent reads with a denial, or the answer to its question.',
    },
    request: {type: 'string', value: 'N', about: 'The number of the request. Default: the oldest.'},
  },
  examples: [
    ['reply swift-amber-otter allow', 'allow what it asks for, this once'],
    ['reply swift-amber-otter deny -m "Use the test database."', 'deny it, and say what to do instead'],
  ],
  takes: {least: 2, most: 2},
  async run(call) {
    const {args, text, env, cwd, terminal} = call;
    const [given = '', decision] = args;
    if (decision !== 'allow' && decision !== 'deny') throw new UsageError('Say allow or deny.');
    const [message, number] = [text('message'), text('request')];
    if (number !== undefined && !/^[1-9]\d*$/.test(number))
      throw new UsageError('--request takes the number of a request.');
    const records = new RecordsOnDisk(env);
    const named = findDelegation(given, records, await records.projectOf(cwd));
    return atHost(call, async (host) => {
      const {delegation} = await host.ask({
        ...{op: 'reply', project: named.project, delegation: named.id, decision},
        ...(message !== undefined && {message}),
        ...(number !== undefined && {request: Number(number)}),
      });
      const [next] = delegation?.requests ?? [];
      terminal.print(
        next === undefined ? `${named.id} goes on.` : `${named.id} asks for more: ${oneLine(next.what)}`,
      );
      return next === undefined ? EXIT.ok : EXIT.needsAnswer;
    });
  },
};
