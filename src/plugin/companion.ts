import {randomBytes, randomUUID} from 'node:crypto';
import {dataDirOf} from '../base/data-dir.ts';
import type {Logger} from '../base/log.ts';
import {STAMP_KEY, type Stamp, seal} from '../contract/stamp.ts';
import {answerMetaIn} from './caller/answer-meta.ts';
import {Callers, callerIn} from './caller/callers.ts';
import {Calls} from './caller/calls.ts';
import {CarryOver} from './compaction/carry-over.ts';
import {carriedOverOf} from './compaction/compaction.ts';
import type {ParentSession} from './notices/parent-session.ts';
import {ParentSessions} from './notices/parent-sessions.ts';
import {heard} from './opencode/events.ts';
import {guarded} from './opencode/guard.ts';
import type {Hooks, PluginClient, PluginConfiguration, TextPart} from './opencode/hooks.ts';
import {loadedCode} from './opencode/loaded-code.ts';
import {areForOurSake, leaveOut} from './opencode/resource-tools.ts';
import {provideEntry, type ServerEntry} from './opencode/server-entry.ts';
import {noticeOf, sessionPlaceOf, UserOpenCode, voiceOf} from './opencode/user-opencode.ts';
import {FolderWatch} from './records/folder-watch.ts';
import {Records} from './records/records.ts';

export interface CompanionOptions {
  readonly client: PluginClient;
  /** Where all sessions of this instance work. */
  readonly directory: string;
  readonly log: Logger;
  readonly env: NodeJS.ProcessEnv;
  /** The bin beside the plugin, whether or not it is there. */
  readonly main: string;
  /** False when the person wants no MCP entry but their own. */
  readonly mayAddEntry: boolean;
}

/** The companion of one OpenCode instance: what happens at which of its hooks. */
export class Companion {
  readonly #options: CompanionOptions;
  readonly #opencode: UserOpenCode;
  readonly #watch: FolderWatch;
  readonly #sessions: ParentSessions;
  readonly #carryOver = new CarryOver();
  readonly #calls = new Calls();
  readonly #callers: Callers;
  /** Known to this instance and to the servers that it configures: anyone else who says who calls is not believed. */
  readonly #secret = randomBytes(32).toString('hex');
  /** OpenCode has loaded this, or is about to: what is there later, a person has not opened it with. */
  #loaded: string | undefined;
  #ours: readonly ServerEntry[] = [];
  #leavesOutResourceTools = false;
  #records: Records;

  constructor(options: CompanionOptions) {
    const {client, directory, env, log} = options;
    this.#options = options;
    void loadedCode(options).then((digest) => {
      this.#loaded = digest;
    });
    this.#opencode = new UserOpenCode(client);
    this.#callers = new Callers(this.#opencode);
    this.#watch = new FolderWatch(log);
    this.#records = new Records({root: dataDirOf(env), log});
    this.#sessions = new ParentSessions(() => ({
      ...{opencode: this.#opencode, records: this.#records, watch: this.#watch, directory, log},
    }));
  }

  /** The hooks as OpenCode may call them: none throws, and none takes long. */
  hooks(): Hooks {
    const {log} = this.#options;
    const guard = <Given extends unknown[]>(name: string, hook: (...given: Given) => Promise<void>) =>
      guarded(name, hook, log);
    return {
      config: guard('config', async (config) => this.#configure(config)),
      event: guard('event', async ({event}) => this.#heard(event)),
      'chat.message': guard('chat.message', async ({sessionID}, output) => {
        if (this.#leavesOutResourceTools) leaveOut(output.message);
        await this.#spoken(sessionID, output);
      }),
      'tool.execute.before': guard('tool.execute.before', (call, {args}) => this.#calling(call, args)),
      'tool.execute.after': guard('tool.execute.after', async ({tool, sessionID, callID}, output) => {
        if (this.#nameOf(tool) === undefined) return;
        this.#calls.answered(callID);
        await this.#sessions.in(sessionID, (session) => session.answered(callID, answerMetaIn(output)));
      }),
      'experimental.session.compacting': guard('compacting', ({sessionID}, {context}) =>
        this.#compacting(sessionID, context),
      ),
      'experimental.text.complete': guard('text.complete', async ({sessionID, messageID}, output) => {
        const missing = this.#carryOver.completed(sessionID, messageID, output.text);
        if (missing !== undefined) output.text = `${output.text}\n\n${missing}`;
      }),
      dispose: guard('dispose', async () => {
        this.#sessions.close();
        this.#watch.close();
      }),
    };
  }

  #configure(config: PluginConfiguration): void {
    const {main, env, mayAddEntry, log} = this.#options;
    const {ours, warning} = provideEntry(config, {
      ...{main, env, secret: this.#secret},
      mayAdd: mayAddEntry,
    });
    if (warning !== undefined) log.error(warning);
    this.#ours = ours;
    this.#leavesOutResourceTools = areForOurSake(
      config,
      ours.map(({name}) => name),
    );
    // The server is where the entry sends it, which need not be where this process is.
    this.#records = new Records({root: dataDirOf({...env, ...ours[0]?.environment}), log});
  }

  async #heard(event: {type: string; properties?: unknown}): Promise<void> {
    const news = heard(event);
    if (news === undefined) return;
    if (news.is === 'call stored') {
      if (this.#nameOf(news.tool) !== undefined) this.#calls.stored(news.call);
      return;
    }
    const session = this.#sessions.known(news.session);
    switch (news.is) {
      case 'idle':
        this.#carryOver.end(news.session);
        session?.idle();
        await this.#sessions.rest(news.session);
        break;
      case 'changed':
        this.#callers.changed(news.session, news.isChild);
        break;
      case 'answering':
        this.#callers.answering(news.session, news.message);
        if (news.message.answers !== undefined) session?.answering(news.message.answers);
        break;
      case 'deleted':
        this.#callers.forget(news.session);
        this.#sessions.remove(news.session);
        break;
      case 'notice stored':
        session?.stored(news.key);
        break;
      case 'summarizing':
        this.#carryOver.summarizing(news.session, news.message);
        break;
    }
  }

  async #spoken(session: string, {message, parts}: {message: unknown; parts: unknown[]}): Promise<void> {
    // What we say ourselves comes this way too.
    if (parts.some((part) => noticeOf(part) !== undefined)) return;
    const attach = (part: TextPart) => {
      const place = sessionPlaceOf(message, parts);
      parts.push({...part, ...place});
      return place.messageID;
    };
    await this.#sessions.in(session, (parent) => parent.spokenTo(voiceOf(message), attach));
  }

  async #calling(
    {tool, sessionID, callID}: {tool: string; sessionID: string; callID: string},
    args: unknown,
  ): Promise<void> {
    const name = this.#nameOf(tool);
    if (name === undefined || typeof args !== 'object' || args === null) return;
    await this.#sessions.in(sessionID, (session) =>
      this.#callingIn(session, {name, sessionID, callID}, args),
    );
  }

  async #callingIn(
    session: ParentSession,
    {name, sessionID, callID}: {name: string; sessionID: string; callID: string},
    args: object,
  ): Promise<void> {
    if (name === 'delegation_read' && 'id' in args) session.reading(callID, args.id);
    await this.#calls.untilStored(callID);
    const {directory} = this.#options;
    const write = (stamp: Stamp) => {
      const loaded = this.#loaded === undefined ? {} : {loaded: this.#loaded};
      const issued = {stamp, nonce: randomUUID(), directory, ...loaded};
      Object.assign(args, {[STAMP_KEY]: seal(issued, this.#secret)});
    };
    // At once: finding out the rest may take longer than a hook is waited for.
    write(callerIn(sessionID));
    if (name !== 'delegate') return;
    write(await this.#callers.stamp(sessionID));
    await session.delegating();
  }

  async #compacting(session: string, context: string[]): Promise<void> {
    const delegations = await this.#sessions.in(session, (parent) => parent.delegations());
    const carried = await carriedOverOf(delegations, {records: this.#records, opencode: this.#opencode});
    const text = carried.text();
    if (text === undefined) return;
    context.push(text);
    this.#carryOver.begin(session, carried);
  }

  /** The name that we gave the tool, or `undefined` when it is none of ours. */
  #nameOf(tool: string): string | undefined {
    const prefix = this.#ours.find((entry) => tool.startsWith(entry.prefix))?.prefix;
    return prefix && tool.slice(prefix.length);
  }
}
