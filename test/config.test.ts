import {homedir} from 'node:os';
import {isAbsolute, join} from 'node:path';
import {describe, expect, it, test} from 'vitest';
import {ConfigError, NESTED_MARK, readConfig, VARIABLES} from '../src/config.ts';

/** The message of the ConfigError that these settings cause. */
function problemOf(env: NodeJS.ProcessEnv): string {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    if (error instanceof ConfigError) return error.message;
  }
  throw new Error('no error was thrown');
}

describe('the defaults', () => {
  it('hold when nothing is set', () => {
    expect(readConfig({HOME: '/home/me'})).toStrictEqual({
      delegation: {
        binary: undefined,
        model: undefined,
        modelNames: [],
        ceilings: {costUsd: undefined, tokens: undefined, dailyCostUsd: undefined},
        runaway: {maxToolCalls: 500, idleMs: 300_000},
        serialWriters: false,
        readOnlyTools: [],
        trust: 'ask',
        sandbox: undefined,
        allowSubagents: false,
        asking: {on: 'reject'},
      },
      host: {
        concurrency: 8,
        limits: new Map(),
        hostIdleMs: 60_000,
        serverIdleMs: 300_000,
        logLevel: 'info',
      },
      dataDir: '/home/me/.local/share/opencode/delegations',
      inside: false,
    });
  });

  it('hold for variables that are blank, as clients pass on what the user left out', () => {
    const blank = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, '  ']));
    const home = {HOME: '/home/me'};
    expect(readConfig({...home, ...blank, XDG_DATA_HOME: '', [NESTED_MARK]: ''})).toStrictEqual(
      readConfig(home),
    );
  });

  it('use the home directory of the account when HOME is not set', () => {
    expect(readConfig({}).dataDir).toBe(join(homedir(), '.local', 'share', 'opencode', 'delegations'));
  });

  it('give an absolute data directory even when HOME is empty', () => {
    expect(isAbsolute(readConfig({HOME: ''}).dataDir)).toBe(true);
  });
});

describe('what becomes of requests', () => {
  it('is said by two variables', () => {
    expect(readConfig({OPENCODE_DELEGATE_ON_ASK: 'wait'}).delegation.asking).toEqual({
      on: 'wait',
      ms: 120_000,
    });
    expect(
      readConfig({OPENCODE_DELEGATE_ON_ASK: 'wait', OPENCODE_DELEGATE_ASK_SECONDS: '1.5'}).delegation.asking,
    ).toEqual({on: 'wait', ms: 1_500});
    expect(readConfig({OPENCODE_DELEGATE_ASK_SECONDS: '5'}).delegation.asking).toEqual({on: 'reject'});
  });

  it.each([
    ['OPENCODE_DELEGATE_ON_ASK', 'allow', 'must be reject or wait'],
    ['OPENCODE_DELEGATE_ASK_SECONDS', '0', 'must be at least 1'],
    ['OPENCODE_DELEGATE_ASK_SECONDS', '90000', 'must be at most 86400'],
  ])('is not said by %s=%s', (name, value, words) => {
    expect(problemOf({[name]: value})).toContain(`${name}="${value}" ${words}`);
  });
});

it('the question about trust is asked unless it is said otherwise', () => {
  expect(readConfig({OPENCODE_DELEGATE_TRUST: ' all '}).delegation.trust).toBe('all');
  expect(problemOf({OPENCODE_DELEGATE_TRUST: '1'})).toContain(
    'OPENCODE_DELEGATE_TRUST="1" must be ask or all',
  );
});

describe('the tools that a read-only delegation keeps', () => {
  const VARIABLE = 'OPENCODE_DELEGATE_READONLY_TOOLS';

  it('are names of MCP tools, with wildcards in the tool’s part', () => {
    expect(readConfig({[VARIABLE]: 'context7_*, my-docs_search'}).delegation.readOnlyTools).toEqual([
      'context7_*',
      'my-docs_search',
    ]);
  });

  it.each(['*', 'bash', '*_write', 'docs_*,'])('cannot be %s', (value) => {
    expect(() => readConfig({[VARIABLE]: value})).toThrow('must be names of MCP tools');
  });
});

describe('the data directory', () => {
  it('lies under XDG_DATA_HOME when that is set', () => {
    expect(readConfig({HOME: '/home/me', XDG_DATA_HOME: '/xdg data'}).dataDir).toBe(
      '/xdg data/opencode/delegations',
    );
  });

  it('ignores a relative XDG_DATA_HOME, as its specification says', () => {
    expect(readConfig({HOME: '/home/me', XDG_DATA_HOME: 'relative'}).dataDir).toBe(
      '/home/me/.local/share/opencode/delegations',
    );
  });

  it('is what OPENCODE_DELEGATE_DATA_DIR says, before XDG_DATA_HOME', () => {
    expect(readConfig({OPENCODE_DELEGATE_DATA_DIR: ' /mine ', XDG_DATA_HOME: '/xdg'}).dataDir).toBe('/mine');
  });
});

describe('what is set', () => {
  it('is read', () => {
    expect(
      readConfig({
        HOME: '/home/me',
        OPENCODE_DELEGATE_BIN: '/opt/open code/opencode',
        OPENCODE_DELEGATE_MODEL: 'openrouter/vendor/model',
        OPENCODE_DELEGATE_CONCURRENCY: ' 100 ',
        OPENCODE_DELEGATE_LIMITS: 'anthropic=4, openai/gpt-5=2',
        OPENCODE_DELEGATE_MODELS: 'Fast = anthropic/claude-haiku-4 | openai/gpt-5-mini, deep=a/b/c:free',
        OPENCODE_DELEGATE_MAX_COST_USD: '0.5',
        OPENCODE_DELEGATE_MAX_TOKENS: ' 50000 ',
        OPENCODE_DELEGATE_DAILY_COST_USD: '10',
        OPENCODE_DELEGATE_MAX_TOOL_CALLS: '20',
        OPENCODE_DELEGATE_IDLE_MINUTES: '0.5',
        OPENCODE_DELEGATE_ALLOW_SUBAGENTS: '1',
        OPENCODE_DELEGATE_LOG: 'silent',
        [NESTED_MARK]: '1',
      }),
    ).toMatchObject({
      delegation: {
        binary: '/opt/open code/opencode',
        model: 'openrouter/vendor/model',
        modelNames: [
          {name: 'fast', models: ['anthropic/claude-haiku-4', 'openai/gpt-5-mini']},
          {name: 'deep', models: ['a/b/c:free']},
        ],
        ceilings: {costUsd: 0.5, tokens: 50_000, dailyCostUsd: 10},
        runaway: {maxToolCalls: 20, idleMs: 30_000},
        allowSubagents: true,
      },
      host: {
        concurrency: 100,
        limits: new Map([
          ['anthropic', 4],
          ['openai/gpt-5', 2],
        ]),
        logLevel: 'silent',
      },
      inside: true,
    });
  });

  test.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
  ])('as a flag of %j is %j', (value, is) => {
    expect(readConfig({OPENCODE_DELEGATE_ALLOW_SUBAGENTS: value}).delegation.allowSubagents).toBe(is);
  });
});

describe('a value that cannot be used', () => {
  test.each([
    ['OPENCODE_DELEGATE_BIN', './bin/opencode', 'an absolute path or the name of a command'],
    ['OPENCODE_DELEGATE_MODEL', 'gpt', 'provider/model'],
    ['OPENCODE_DELEGATE_MODEL', '/model', 'provider/model'],
    ['OPENCODE_DELEGATE_CONCURRENCY', '0', 'at least 1'],
    ['OPENCODE_DELEGATE_CONCURRENCY', '-1', 'at least 1'],
    ['OPENCODE_DELEGATE_CONCURRENCY', '101', 'at most 100'],
    ['OPENCODE_DELEGATE_CONCURRENCY', '1.5', 'whole number'],
    ['OPENCODE_DELEGATE_CONCURRENCY', 'many', 'whole number'],
    ['OPENCODE_DELEGATE_CONCURRENCY', 'Infinity', 'whole number'],
    ['OPENCODE_DELEGATE_LIMITS', 'anthropic=4, openai', 'has "openai", which must be like anthropic=4'],
    ['OPENCODE_DELEGATE_LIMITS', 'anthropic=1, openai=2, anthropic=3', 'names anthropic twice'],
    ['OPENCODE_DELEGATE_LIMITS', 'anthropic=0', 'has "anthropic=0"'],
    ['OPENCODE_DELEGATE_MODELS', 'fast', 'has "fast", which must be like fast=provider/model'],
    ['OPENCODE_DELEGATE_MODELS', 'a/b=c/d', 'has "a/b=c/d", which must be like'],
    [
      'OPENCODE_DELEGATE_MODELS',
      'fast=haiku',
      'has "haiku" for fast, which must be written as provider/model',
    ],
    ['OPENCODE_DELEGATE_MODELS', 'fast=a/b|', 'has "" for fast, which must be written as provider/model'],
    ['OPENCODE_DELEGATE_MODELS', 'fast=a/b|a/b', 'names a model twice for fast'],
    ['OPENCODE_DELEGATE_MODELS', 'fast=a/b,Fast=c/d', 'names Fast twice'],
    ['OPENCODE_DELEGATE_MAX_COST_USD', '5$', 'a number of US dollars, as 0.5'],
    ['OPENCODE_DELEGATE_MAX_COST_USD', '-1', 'more than 0'],
    ['OPENCODE_DELEGATE_MAX_COST_USD', '0', 'more than 0'],
    ['OPENCODE_DELEGATE_DAILY_COST_USD', 'NaN', 'a number of US dollars'],
    ['OPENCODE_DELEGATE_DAILY_COST_USD', '1e9', 'at most 100,000 US dollars'],
    ['OPENCODE_DELEGATE_MAX_TOKENS', '0', 'at least 1'],
    ['OPENCODE_DELEGATE_MAX_TOKENS', '50k', 'a number of tokens'],
    ['OPENCODE_DELEGATE_MAX_TOOL_CALLS', '0', 'at least 1'],
    ['OPENCODE_DELEGATE_MAX_TOOL_CALLS', '1.5', 'whole number'],
    ['OPENCODE_DELEGATE_IDLE_MINUTES', '0', 'more than 0'],
    ['OPENCODE_DELEGATE_IDLE_MINUTES', 'long', 'number of minutes'],
    ['OPENCODE_DELEGATE_ALLOW_SUBAGENTS', 'yes', 'must be 1 or 0'],
    ['OPENCODE_DELEGATE_DATA_DIR', 'relative/path', 'absolute path'],
    ['OPENCODE_DELEGATE_HOST', 'maybe', 'on or off'],
    ['OPENCODE_DELEGATE_HOST_IDLE_SECONDS', 'soon', 'number of seconds'],
    ['OPENCODE_DELEGATE_HOST_IDLE_SECONDS', '-1', 'at least 0'],
    ['OPENCODE_DELEGATE_LOG', 'loud', 'one of debug, info, warn, error, silent'],
  ])('%s=%s is named with what would work', (name, value, cure) => {
    const message = problemOf({[name]: value});
    expect(message).toContain(`${name}="${value}"`);
    expect(message).toContain(cure);
  });

  it('is named together with all others, once each', () => {
    const message = problemOf({
      OPENCODE_DELEGATE_MODEL: 'gpt',
      OPENCODE_DELEGATE_CONCURRENCY: 'many',
      OPENCODE_DELEGATE_ALLOW_SUBAGENTS: 'yes',
      OPENCODE_DELEGATE_DATA_DIR: 'here',
      OPENCODE_DELEGATE_LOG: 'loud',
      OPENCODE_DELEGATE_BIN: 'fine',
    });
    const named = [...message.matchAll(/OPENCODE_DELEGATE_\w+/g)].map(([name]) => name);
    expect(named.sort()).toEqual([
      'OPENCODE_DELEGATE_ALLOW_SUBAGENTS',
      'OPENCODE_DELEGATE_CONCURRENCY',
      'OPENCODE_DELEGATE_DATA_DIR',
      'OPENCODE_DELEGATE_LOG',
      'OPENCODE_DELEGATE_MODEL',
    ]);
  });
});
