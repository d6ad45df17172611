import {describe, expect, it} from 'vitest';
import {LETTERS_VERSION} from '../../src/pool/mail/letters.ts';
import {inputOf} from '../../src/pool/worker/order-input.ts';

describe('what an owner has ordered', () => {
  const order = (delegation: string) =>
    inputOf({
      ...{v: LETTERS_VERSION, delegation, project: 'shop', prompt: 'Do it.', title: 'Do it'},
      ...{access: 'worktree', branch: 'delegation/swift-amber-otter', timeoutMs: 120_000, messages: []},
      maxTokens: 5,
      expect: '{"type":"object"}',
      travel: {
        ...{way: 'remote', repository: 'example.org/shop', format: 'sha1', prefix: ''},
        ...{head: 'a'.repeat(40), commit: 'a'.repeat(40)},
        from: {url: 'https://example.org/shop', refs: [], commits: []},
      },
    });

  it('is done under the name that its owner knows it by', () => {
    expect(order('swift-amber-otter')).toEqual({
      knownAs: 'swift-amber-otter',
      ...{prompt: 'Do it.', title: 'Do it', access: 'worktree', timeoutMinutes: 2},
      maxTokens: 5,
      expect: {type: 'object'},
    });
  });

  it('has a name of its own where that one is none', () => {
    expect(order('../swift')).not.toHaveProperty('knownAs');
  });
});
