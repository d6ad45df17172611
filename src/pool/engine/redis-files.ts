import {randomUUID} from 'node:crypto';
import type {Redis} from 'ioredis';
import {FileMissing, JobOver} from '../queue/errors.ts';
import {LEFT_OVER_MS, type Upload} from './desk.ts';
import type {RedisScripts} from './redis-scripts.ts';

/** Files in Redis: a list of chunks for each, and for each job a hash from names to lists. */
export class RedisFiles {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #scripts: RedisScripts;

  constructor(redis: Redis, prefix: string, scripts: RedisScripts) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#scripts = scripts;
  }

  async upload(id: string, name: string): Promise<Upload> {
    if ((await this.#redis.hget(this.#job(id), 'isOver')) !== null) throw new JobOver(id);
    const upload = randomUUID();
    const list = `${this.#chunks}${upload}`;
    let chunks = 0;
    return {
      add: async (chunk) => {
        chunks++;
        await this.#redis.rpush(list, Buffer.from(chunk));
        await this.#redis.pexpire(list, LEFT_OVER_MS);
      },
      finish: async () => {
        const keys = [this.#job(id), this.#files(id), list];
        const answer = await this.#scripts.run('finishFile', keys, [name, upload, chunks, this.#chunks]);
        if (answer === 'over') throw new JobOver(id);
      },
      drop: async () => void (await this.#redis.del(list)),
    };
  }

  async download(id: string, name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const found = await this.#redis.hget(this.#files(id), name);
    if (found === null) return undefined;
    const [upload = '', count] = found.split('/');
    return this.#read({list: `${this.#chunks}${upload}`, count: Number(count), id, name});
  }

  async forget(id: string): Promise<void> {
    const files = Object.values(await this.#redis.hgetall(this.#files(id)));
    const lists = files.map((file) => `${this.#chunks}${file.split('/')[0]}`);
    await this.#redis.del(this.#files(id), ...lists);
  }

  async *#read(file: {list: string; count: number; id: string; name: string}): AsyncIterable<Uint8Array> {
    for (let number = 0; number < file.count; number++) {
      const chunk = await this.#redis.lindexBuffer(file.list, number);
      // Another one has taken its place meanwhile, or the job was forgotten.
      if (chunk === null) throw new FileMissing(file.id, file.name);
      yield new Uint8Array(chunk);
    }
  }

  get #chunks(): string {
    return `${this.#prefix}:desk:chunks:`;
  }

  #files(id: string): string {
    return `${this.#prefix}:desk:files:${id}`;
  }

  #job(id: string): string {
    return `${this.#prefix}:desk:job:${id}`;
  }
}
