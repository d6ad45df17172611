import {Refusal} from '../../base/errors.ts';
import type {ShownEntry} from '../../control/protocol.ts';
import {shownEntry} from '../../control/shown-entry.ts';
import {hasEnded, type Named} from '../../delegation/model/delegation.ts';
import {type Command, EXIT, type Invocation} from '../line/command.ts';
import {exitOf} from '../line/outcome.ts';
import {type ControlClient, HostGoneError} from '../sources/control-client.ts';
import {conversationFromElsewhere} from '../sources/elsewhere.ts';
import {findDelegation} from '../sources/find.ts';
import {RecordsOnDisk} from '../sources/records.ts';
import {storedConversation} from '../sources/stored-conversation.ts';
import {connectedHosts, onRecord, wholeRecord} from '../sources/survey.ts';
import {ConversationWriter} from '../terminal/conversation-writer.ts';
import {untilInterrupted} from '../terminal/interrupt.ts';

export const logs: Command = {
  usage: '<id> [options]',
  about:
    "Shows an agent's conversation: what it was asked, what it wrote and which tools it called, with their results shortened. Of one that runs, it asks the background process; of one that has ended, OpenCode, which has stored it. Of one that ran in a pool, the end of its conversation is kept beside the record.",
  options: {
    follow: {type: 'boolean', short: 'f', about: 'Go on until it has ended; the exit code says how.'},
    full: {type: 'boolean', about: 'Whole results and thoughts.'},
  },
  examples: [['logs swift-amber-otter -f', 'see it at work']],
  takes: {least: 1, most: 1},
  async run(call) {
    const {args, env, cwd, has, terminal} = call;
    const records = new RecordsOnDisk(env);
    const [given = ''] = args;
    const named = findDelegation(given, records, await records.projectOf(cwd));
    const record = await wholeRecord(named, records);
    const writer = new ConversationWriter({terminal, isFull: has('full')});
    if (hasEnded(record.state)) {
      const entries =
        record.where === undefined
          ? await storedConversation(record, {env, neutral: records.root})
          : await conversationFromElsewhere(record, records);
      writer.write(entries.map(shownEntry));
      writer.end();
      return EXIT.ok;
    }
    await fromHosts(named, {call, writer});
    writer.end();
    return has('follow') ? exitOf(await onRecord(named, records)) : EXIT.ok;
  },
};

/** What an agent at work says, from the host that runs it. */
async function fromHosts(
  named: Named,
  {call, writer}: {call: Invocation; writer: ConversationWriter},
): Promise<void> {
  const {env, cwd, version, terminal, has} = call;
  const hosts = await connectedHosts({env, cwd, version}, (message) => terminal.complain(message));
  const interrupt = untilInterrupted();
  interrupt.signal.addEventListener('abort', () => closeAll(hosts), {once: true});
  try {
    for (const host of hosts) {
      const request = {op: 'conversation', project: named.project, delegation: named.id} as const;
      const isKnown = await follow(host.follow({...request, follow: has('follow')}), writer);
      if (isKnown || interrupt.signal.aborted) return;
    }
    throw new Refusal(
      `No background process that answers runs ${named.id}: nothing is known of what it does.`,
    );
  } finally {
    interrupt.done();
    closeAll(hosts);
  }
}

/** Resolves with false when that host does not know it. */
async function follow(
  answers: AsyncIterable<{readonly entries?: readonly ShownEntry[] | undefined}>,
  writer: ConversationWriter,
): Promise<boolean> {
  let isKnown = false;
  try {
    for await (const {entries = []} of answers) {
      isKnown = true;
      writer.write(entries);
    }
    return isKnown;
  } catch (error) {
    if (error instanceof Refusal) return false;
    if (error instanceof HostGoneError) return isKnown;
    throw error;
  }
}

function closeAll(hosts: readonly ControlClient[]): void {
  for (const host of hosts) host.close();
}
