import type {Redis} from 'ioredis';
import {JobOver} from '../queue/errors.ts';
import type {Letter, PoolEntry, PoolJob, Reader, WorkerCard} from '../queue/queue.ts';
import {
  type Claimed,
  type Counts,
  type Desk,
  type DeskJob,
  EARLY_MS,
  laneFrom,
  laneOf,
  type PoolLane,
  type Upload,
} from './desk.ts';
import {RedisFiles} from './redis-files.ts';
import {RedisScripts} from './redis-scripts.ts';

/** A worker's card that is so old is of no use. */
const OLD_CARD_MS = 24 * 3_600_000;
const LETTERS_AT_ONCE = 100;

/** The desk in Redis or Valkey, in keys below the prefix that BullMQ has its own below. */
export class RedisDesk implements Desk {
  /** Locks are keys with a time to live. */
  readonly goesByOurClock = false;
  readonly #redis: Redis;
  readonly #listening: () => Redis;
  readonly #prefix: string;
  readonly #scripts: RedisScripts;
  readonly #files: RedisFiles;

  /** @param given.listening makes a connection that listens. */
  constructor(given: {redis: Redis; listening: () => Redis; prefix: string}) {
    this.#redis = given.redis;
    this.#listening = given.listening;
    this.#prefix = given.prefix;
    this.#scripts = new RedisScripts(given.redis);
    this.#files = new RedisFiles(given.redis, given.prefix, this.#scripts);
  }

  async enter(job: PoolJob): Promise<void> {
    const {id, owner, route, notAfter, body} = job;
    const keys = [this.#job(id), this.#key('waiting'), this.#key(`owner:${owner}`)];
    const answer = await this.#scripts.run('enter', keys, [
      id,
      laneOf(job),
      owner,
      route,
      notAfter,
      Buffer.from(body),
    ]);
    if (answer === 'over') throw new JobOver(id);
  }

  async find(id: string): Promise<DeskJob | undefined> {
    const [found, now] = await Promise.all([this.#redis.hgetallBuffer(this.#job(id)), this.now()]);
    const text = (field: string) => found[field]?.toString();
    if (text('id') === undefined) return undefined;
    const claimedAt = text('claimedAt');
    return {
      job: {
        id,
        owner: text('owner') ?? '',
        route: text('route') ?? '',
        notAfter: Number(text('notAfter') ?? 0),
        body: new Uint8Array(found.body ?? []),
      },
      claim: text('claim'),
      claimedAt: claimedAt === undefined ? undefined : Number(claimedAt),
      isOver: text('isOver') === '1',
      result: found.result && new Uint8Array(found.result),
      now,
    };
  }

  async claim(id: string, claim: string): Promise<Claimed> {
    const keys = [this.#job(id), this.#key('waiting'), this.#key('leased')];
    return (await this.#scripts.run('claim', keys, [claim])) as Claimed;
  }

  async unclaim(id: string, claim: string): Promise<void> {
    await this.#scripts.run('unclaim', [this.#job(id), this.#key('waiting'), this.#key('leased')], [claim]);
  }

  async withdraw(id: string): Promise<boolean> {
    const answer = await this.#scripts.run('withdraw', this.#keysOf(id), [id, EARLY_MS, this.#prefix]);
    if (answer === 'over') await this.#files.forget(id);
    return answer === 'over';
  }

  async keepResult(id: string, claim: string, body: Uint8Array): Promise<void> {
    await this.#scripts.run('keep', [this.#job(id)], [claim, Buffer.from(body)]);
  }

  async touch(id: string, isDone: boolean): Promise<void> {
    await this.#scripts.run(
      'touch',
      [this.#job(id), this.#key('waiting'), this.#key('leased')],
      [isDone ? 1 : 0],
    );
  }

  async forget(id: string, note?: Uint8Array): Promise<void> {
    const left = note === undefined ? [] : [Buffer.from(note)];
    await this.#scripts.run('forget', this.#keysOf(id), [id, this.#prefix, ...left]);
    await this.#files.forget(id);
  }

  async ofOwner(owner: string): Promise<readonly PoolEntry[]> {
    const ids = await this.#redis.smembers(this.#key(`owner:${owner}`));
    const now = await this.now();
    const pipeline = this.#redis.pipeline();
    const fields = ['route', 'claim', 'isDone', 'notAfter', 'since'];
    for (const id of ids) pipeline.hmget(this.#job(id), ...fields);
    const found: (PoolEntry & {readonly since: number})[] = [];
    for (const [index, [error, values]] of ((await pipeline.exec()) ?? []).entries()) {
      if (error !== null) throw error;
      const [route, claim, isDone, notAfter, since] = values as (string | null)[];
      const id = ids[index];
      if (id === undefined || !route) continue;
      const isLate = !claim && Number(notAfter) <= now;
      const stands = isDone || isLate ? 'ended' : claim ? 'leased' : 'waiting';
      found.push({id, route, stands, since: Number(since)});
    }
    found.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
    return found.map(({id, route, stands}) => ({id, route, stands}));
  }

  async lanes(which: 'waiting' | 'leased'): Promise<readonly PoolLane[]> {
    const counts = await this.#redis.hgetall(this.#key(which));
    return Object.keys(counts).map(laneFrom);
  }

  async post(id: string, to: Reader, body: Uint8Array): Promise<void> {
    const keys = [this.#job(id), this.#letters(id, to)];
    if ((await this.#scripts.run('post', keys, [to, Buffer.from(body)])) === 'over') throw new JobOver(id);
  }

  async letters(id: string, at: Reader, after: number): Promise<readonly Letter[]> {
    const bodies = await this.#redis.lrangeBuffer(this.#letters(id, at), after, after + LETTERS_AT_ONCE - 1);
    return bodies.map((body, index) => ({number: after + index + 1, body: new Uint8Array(body)}));
  }

  async peek(ids: readonly string[]): Promise<ReadonlyMap<string, Counts>> {
    const pipeline = this.#redis.pipeline();
    for (const id of ids) pipeline.hmget(this.#job(id), 'changes', 'owner-letters', 'worker-letters');
    const counts = new Map<string, Counts>();
    for (const [index, [error, found]] of ((await pipeline.exec()) ?? []).entries()) {
      if (error !== null) throw error;
      const [changes, owner, worker] = (found as (string | null)[]).map(Number);
      const id = ids[index];
      if (id !== undefined) counts.set(id, {changes: changes ?? 0, owner: owner ?? 0, worker: worker ?? 0});
    }
    return counts;
  }

  upload(id: string, name: string): Promise<Upload> {
    return this.#files.upload(id, name);
  }

  download(id: string, name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return this.#files.download(id, name);
  }

  async saveCard(card: WorkerCard): Promise<void> {
    const at = await this.now();
    await this.#redis.hset(this.#key('workers'), card.name, JSON.stringify({card, at}));
  }

  async dropCard(name: string): Promise<void> {
    await this.#redis.hdel(this.#key('workers'), name);
  }

  async cards(withinMs: number): Promise<readonly WorkerCard[]> {
    const now = await this.now();
    return (await this.#allCards())
      .filter(({at}) => at > now - withinMs)
      .map(({card}) => card)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async now(): Promise<number> {
    const [seconds, microseconds] = await this.#redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
  }

  async announce(lane: string): Promise<void> {
    await this.#redis.publish(this.#key('arrivals'), lane);
  }

  ring(): Promise<void> {
    return this.announce('');
  }

  async listen(arrived: () => void): Promise<void> {
    const client = this.#listening();
    client.on('error', () => {});
    client.on('message', arrived);
    // ioredis subscribes again by itself; what came meanwhile was missed.
    client.on('ready', arrived);
    if (client.status === 'wait') await client.connect();
    await client.subscribe(this.#key('arrivals'));
  }

  async tidy(keepMs: number): Promise<readonly {readonly id: string; readonly lane: string}[]> {
    const now = await this.now();
    for (const {card, at} of await this.#allCards())
      if (at < now - OLD_CARD_MS) await this.dropCard(card.name);
    const old: {id: string; lane: string}[] = [];
    for await (const keys of this.#redis.scanStream({match: this.#job('*')})) {
      for (const key of keys as string[]) {
        const [id, lane, isOver, since, notAfter] = await this.#redis.hmget(
          key,
          'id',
          'lane',
          'isOver',
          'since',
          'notAfter',
        );
        const isOld = Math.max(Number(since), Number(notAfter)) < now - keepMs;
        if (id && lane && isOver !== '1' && isOld) old.push({id, lane});
      }
    }
    return old;
  }

  async #allCards(): Promise<readonly {readonly card: WorkerCard; readonly at: number}[]> {
    return Object.values(await this.#redis.hgetall(this.#key('workers'))).map((text) => JSON.parse(text));
  }

  #key(name: string): string {
    return `${this.#prefix}:desk:${name}`;
  }

  #job(id: string): string {
    return this.#key(`job:${id}`);
  }

  #letters(id: string, to: Reader): string {
    return this.#key(`letters:${id}:${to}`);
  }

  #keysOf(id: string): readonly string[] {
    const letters = [this.#letters(id, 'owner'), this.#letters(id, 'worker')];
    return [this.#job(id), this.#key('waiting'), this.#key('leased'), ...letters];
  }
}
