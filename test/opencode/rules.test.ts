import {describe, expect, it} from 'vitest';
import {readOnlyRules} from '../../src/opencode/read-only/rules.ts';

/** As OpenCode registers them where the user has none of their own. */
const registered = ['bash', 'read', 'glob', 'grep', 'edit', 'webfetch', 'websearch'];

const rule = (permission: string, pattern: string, action: 'allow' | 'deny' | 'ask') => ({
  permission,
  pattern,
  action,
});

describe('the rules of a read-only session', () => {
  it('deny everything first, and name what is allowed after it', () => {
    const rules = readOnlyRules({agent: [rule('*', '*', 'allow')], tools: ['docs_*'], registered});
    expect(rules[0]).toEqual(rule('*', '*', 'deny'));
    expect(rules.filter(({action}) => action === 'allow').map(({permission}) => permission)).toEqual([
      ...['read', 'grep', 'glob', 'webfetch', 'websearch', 'docs_*'],
    ]);
  });

  it('take over the agent’s rules about the web, in their order', () => {
    const agent = [
      rule('*', '*', 'allow'),
      rule('bash', '*', 'allow'),
      rule('web*', '*', 'ask'),
      rule('webfetch', 'https://example.org/*', 'allow'),
    ];
    const web = readOnlyRules({agent, tools: [], registered}).filter(({permission}) =>
      permission.startsWith('web'),
    );
    expect(web).toEqual([
      rule('webfetch', '*', 'allow'),
      rule('webfetch', '*', 'ask'),
      rule('webfetch', 'https://example.org/*', 'allow'),
      rule('websearch', '*', 'allow'),
      rule('websearch', '*', 'ask'),
    ]);
  });

  it('cannot be widened by the name of a tool', () => {
    const rules = readOnlyRules({agent: [], tools: ['*', 'bash', 'edit'], registered});
    for (const name of ['bash', 'edit', 'task']) {
      const last = rules.findLast(({permission}) => permission === name || permission === '*');
      expect(last?.action).toBe('deny');
    }
  });

  it('deny what a tool of the user has taken the place of', () => {
    const rules = readOnlyRules({
      agent: [rule('*', '*', 'allow')],
      tools: [],
      registered: [...registered, 'read', 'webfetch', 'mine'],
    });
    const last = (name: string) => rules.findLast(({permission}) => permission === name);
    // OpenCode takes a tool away where its last rule is this one.
    expect(['read', 'webfetch'].map(last)).toEqual(
      ['read', 'webfetch'].map((name) => rule(name, '*', 'deny')),
    );
    expect(['websearch', 'grep'].map(last)).toEqual(
      ['websearch', 'grep'].map((name) => rule(name, '*', 'allow')),
    );
  });
});
