import {setTimeout as pause} from 'node:timers/promises';
import {messageOf} from '../../src/base/errors.ts';
import {eventually} from '../support/processes.ts';
import {toldTimes, UserOpenCode} from '../support/user-opencode.ts';
import type {Random} from './random.ts';
import {HAND_ON} from './work.ts';
import {MAX_OPEN, type World} from './world.ts';

/** Between two things that the person says, at most. */
const PAUSE_MS = 3_000;
const SESSIONS = 4;
/** A session whose process was killed is told with its next message, and a busy machine takes its time. */
const TOLD_MS = 90_000;

/** Someone at an OpenCode with the plugin, whose sessions delegate and are told of ends. */
export class Person {
  readonly #world: World;
  readonly #random: Random;
  readonly #sessions: string[] = [];
  #opencode: UserOpenCode | undefined;
  #isStopped = false;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Their OpenCode, which is none of the host's, once it can be asked. */
  get pid(): number | undefined {
    return this.#opencode?.pid;
  }

  /** Ends their OpenCode as a crash would. They start another one. False when there is none. */
  async kill(): Promise<boolean> {
    const opencode = this.#opencode;
    this.#opencode = undefined;
    await opencode?.kill();
    return opencode !== undefined;
  }

  /** Resolves when they were stopped and their last word is said. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#delegate(await this.#open());
      } catch {
        // Their OpenCode was killed under them: what they had said is lost, as it would be without us.
        this.#world.counts.add('sentences of the person that were cut off', 1);
      }
      await pause(this.#random.between(0, PAUSE_MS));
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** To be called when everything has ended: says a last word in each session, and then each end was told once. */
  async expectAllTold(): Promise<void> {
    if (this.#sessions.length === 0) return;
    const opencode = await this.#open();
    try {
      for (const session of this.#sessions) await this.#expectTold(opencode, session);
    } finally {
      await this.kill();
    }
  }

  async #open(): Promise<UserOpenCode> {
    this.#opencode ??= await UserOpenCode.start(this.#world.sandbox);
    return this.#opencode;
  }

  async #delegate(opencode: UserOpenCode): Promise<void> {
    const {work, records} = this.#world;
    if (records.open.length >= MAX_OPEN) return;
    const session = await this.#session(opencode);
    const piece = work.invent(this.#random);
    await opencode.say(session, `${HAND_ON} ${piece.mark}`);
    const ids = await opencode.delegated(session);
    records.look();
    piece.id = ids.find((id) => records.of(id)?.prompt === piece.prompt);
  }

  async #session(opencode: UserOpenCode): Promise<string> {
    if (this.#sessions.length === SESSIONS) return this.#random.pick(this.#sessions);
    const session = await opencode.session();
    this.#sessions.push(session);
    return session;
  }

  async #expectTold(opencode: UserOpenCode, session: string): Promise<void> {
    const {records, findings} = this.#world;
    // Ends that somebody else has read before they were told are no news.
    const news = records.ended.filter((record) => record.parent?.session === session);
    const unread = news.filter(({readAt}) => readAt === undefined);
    try {
      await opencode.say(session, 'Anything new?');
      await eventually(async () => {
        const said = await opencode.transcript(session);
        return unread.every(({id}) => toldTimes(said, id) > 0);
      }, TOLD_MS).catch(() => {});
      const said = await opencode.transcript(session);
      for (const {id} of news) {
        const times = toldTimes(said, id);
        const isRead = !unread.some((one) => one.id === id);
        if (times === 1 || (times === 0 && isRead)) continue;
        findings.broken('untold', id, `session ${session} was told of its end ${times} times`);
      }
    } catch (error) {
      findings.broken('stuck', session, messageOf(error));
    }
  }
}
