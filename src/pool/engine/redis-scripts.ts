import {createHash} from 'node:crypto';
import type {Redis} from 'ioredis';

/** The server's clock in milliseconds. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Counts the jobs of a line that wait or are leased; a line with none is not there. */
const COUNT = `
local function count(key, lane, by)
  if lane and redis.call('HINCRBY', key, lane, by) <= 0 then redis.call('HDEL', key, lane) end
end
local function settled()
  local job = redis.call('HMGET', KEYS[1], 'lane', 'claim', 'isDone', 'isOver')
  if job[1] and not job[3] and not job[4] then count(job[2] and KEYS[3] or KEYS[2], job[1], -1) end
end
`;

/** Leaves a tombstone that goes away by itself. KEYS: job, waiting, leased, letters, letters. */
const END = `
local function finish(prefix)
  settled()
  local job = redis.call('HMGET', KEYS[1], 'owner', 'id', 'notAfter')
  if job[1] then redis.call('SREM', prefix .. ':desk:owner:' .. job[1], job[2]) end
  redis.call('HDEL', KEYS[1], 'body', 'result')
  redis.call('HSET', KEYS[1], 'isOver', 1)
  redis.call('HINCRBY', KEYS[1], 'changes', 1)
  redis.call('DEL', KEYS[4], KEYS[5])
  redis.call('PEXPIREAT', KEYS[1], math.max(tonumber(job[3]), now) + 86400000)
end
`;

/** What is decided in one step. */
const SCRIPTS = {
  enter: `${NOW}${COUNT}
    if redis.call('EXISTS', KEYS[1]) == 1 then
      return redis.call('HGET', KEYS[1], 'isOver') and 'over' or 'there'
    end
    if tonumber(ARGV[5]) <= now then return 'over' end
    redis.call('HSET', KEYS[1], 'id', ARGV[1], 'lane', ARGV[2], 'owner', ARGV[3], 'route', ARGV[4],
      'notAfter', ARGV[5], 'body', ARGV[6], 'since', string.format('%d', now), 'changes', 0)
    count(KEYS[2], ARGV[2], 1)
    redis.call('SADD', KEYS[3], ARGV[1])
    return 'entered'`,
  claim: `${NOW}${COUNT}
    local job = redis.call('HMGET', KEYS[1], 'lane', 'claim', 'isOver', 'notAfter')
    if not job[1] or job[3] then return 'over' end
    if job[2] then return 'taken' end
    if tonumber(job[4]) <= now then return 'late' end
    redis.call('HSET', KEYS[1], 'claim', ARGV[1], 'claimedAt', string.format('%d', now))
    redis.call('HINCRBY', KEYS[1], 'changes', 1)
    count(KEYS[2], job[1], -1)
    count(KEYS[3], job[1], 1)
    return 'claimed'`,
  unclaim: `${COUNT}
    local job = redis.call('HMGET', KEYS[1], 'lane', 'claim', 'isOver', 'isDone')
    if job[2] ~= ARGV[1] then return 'no' end
    redis.call('HDEL', KEYS[1], 'claim', 'claimedAt')
    redis.call('HINCRBY', KEYS[1], 'changes', 1)
    if not job[3] and not job[4] then
      count(KEYS[3], job[1], -1)
      count(KEYS[2], job[1], 1)
    end
    return 'unclaimed'`,
  withdraw: `${NOW}${COUNT}${END}
    local job = redis.call('HMGET', KEYS[1], 'id', 'claim', 'isOver', 'isDone')
    if job[3] then return 'over' end
    if job[1] and (job[2] or job[4]) then return 'no' end
    if not job[1] then redis.call('HSET', KEYS[1], 'id', ARGV[1], 'notAfter', string.format('%d', now + ARGV[2])) end
    finish(ARGV[3])
    return 'over'`,
  keep: `
    local job = redis.call('HMGET', KEYS[1], 'claim', 'isOver', 'isDone')
    if job[1] == ARGV[1] and not job[2] and not job[3] then redis.call('HSET', KEYS[1], 'result', ARGV[2]) end
    return 'kept'`,
  touch: `${COUNT}
    if redis.call('EXISTS', KEYS[1]) == 0 then return 'no' end
    if ARGV[1] == '1' then
      settled()
      redis.call('HSET', KEYS[1], 'isDone', 1)
    end
    redis.call('HINCRBY', KEYS[1], 'changes', 1)
    return 'touched'`,
  forget: `${NOW}${COUNT}${END}
    local job = redis.call('HMGET', KEYS[1], 'id', 'isOver')
    if job[1] and not job[2] then
      finish(ARGV[2])
      if ARGV[3] then redis.call('HSET', KEYS[1], 'result', ARGV[3]) end
    end
    return 'forgotten'`,
  post: `
    local job = redis.call('HMGET', KEYS[1], 'id', 'isOver')
    if not job[1] or job[2] then return 'over' end
    redis.call('HINCRBY', KEYS[1], ARGV[1] .. '-letters', 1)
    redis.call('RPUSH', KEYS[2], ARGV[2])
    return 'posted'`,
  finishFile: `
    if redis.call('HGET', KEYS[1], 'isOver') then return 'over' end
    local earlier = redis.call('HGET', KEYS[2], ARGV[1])
    if earlier then redis.call('DEL', ARGV[4] .. string.match(earlier, '^[^/]*')) end
    redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. '/' .. ARGV[3])
    redis.call('PERSIST', KEYS[3])
    return 'whole'`,
} as const;

/** Scripts that the server runs as one step. */
export class RedisScripts {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async run(
    name: keyof typeof SCRIPTS,
    keys: readonly string[],
    values: readonly (string | number | Buffer)[],
  ): Promise<string> {
    const text = SCRIPTS[name];
    const digest = createHash('sha1').update(text).digest('hex');
    try {
      return String(await this.#redis.evalsha(digest, keys.length, ...keys, ...values));
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error;
      return String(await this.#redis.eval(text, keys.length, ...keys, ...values));
    }
  }
}
