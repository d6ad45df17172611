import {expect, it} from 'vitest';
import {abridged} from '../../src/base/abridged.ts';

it('a long text keeps its beginning and its end, and says how much is left out', () => {
  const text = `It failed: ${'x'.repeat(1_000_000)} Delegate it again.`;
  const shown = abridged(text, 100);
  expect(shown).toMatch(/^It failed: x+… \[999,930 characters left out\] …x+ Delegate it again\.$/);
  expect(shown.length).toBeLessThan(150);
});

it('a text that is short enough stays as it is', () => {
  expect(abridged('x'.repeat(100), 100)).toBe('x'.repeat(100));
});

it('no character is cut in two', () => {
  for (let length = 40; length < 48; length++)
    expect(abridged('👩'.repeat(500), length)).not.toMatch(/\p{Cs}/u);
});
