import {describe, expect, it} from 'vitest';
import {readOnlyRules} from '../../src/opencode/read-only/rules.ts';

const rule = (permission: string, pattern: string, action: 'allow' | 'deny' | 'ask') => ({
  permission,
  pattern,
  action,
});

describe('the rules of a read-only session', () => {
  it('deny everything first, and name what is allowed after it', () => {
    const rules = readOnlyRules({agent: [rule('*', '*', 'allow')], tools: ['docs_*']});
    expect(rules[0]).toEqual(rule('*', '*', 'deny'));
    expect(rules.filter(({action}) => action === 'allow').map(({permission}) => permission)).toEqual([
      ...['read', 'grep', 'glob', 'list', 'webfetch', 'websearch', 'docs_*'],
    ]);
  });

  it('take over the agent’s rules about the web, in their order', () => {
    const agent = [
      rule('*', '*', 'allow'),
      rule('bash', '*', 'allow'),
      rule('web*', '*', 'ask'),
      rule('webfetch', 'https://example.org/*', 'allow'),
    ];
    const web = readOnlyRules({agent, tools: []}).filter(({permission}) => permission.startsWith('web'));
    expect(web).toEqual([
      rule('webfetch', '*', 'allow'),
      rule('webfetch', '*', 'ask'),
      rule('webfetch', 'https://example.org/*', 'allow'),
      rule('websearch', '*', 'allow'),
      rule('websearch', '*', 'ask'),
    ]);
  });

  it('cannot be widened by the name of a tool', () => {
    const rules = readOnlyRules({agent: [], tools: ['*', 'bash', 'edit']});
    for (const name of ['bash', 'edit', 'task']) {
      const last = rules.findLast(({permission}) => permission === name || permission === '*');
      expect(last?.action).toBe('deny');
    }
  });
});
