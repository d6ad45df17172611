import {describe, expect, it} from 'vitest';
import {NESTED_MARK} from '../../src/base/nested.ts';
import {readConfig, VARIABLES} from '../../src/config.ts';
import {PRELOAD_VARIABLE} from '../../src/opencode/keeper/handed.ts';
import {HIDDEN} from '../../src/opencode/sandbox/mounts.ts';
import {keyIn} from '../../src/opencode/secrets/looks-secret.ts';
import {readText} from '../support/markdown.ts';

const page = readText('docs/security.md');
const readme = readText('README.md');

describe('the page about security', () => {
  it('is named in the README', () => {
    expect(readme).toContain('](docs/security.md)');
  });

  it('names only variables that there are', () => {
    const named = [...page.matchAll(/\bOPENCODE_DELEGATE_\w+/g)].map(([name]) => name);
    expect([...Object.keys(VARIABLES), 'OPENCODE_DELEGATE_', NESTED_MARK]).toEqual(
      expect.arrayContaining(named),
    );
    expect(page).toContain(`\`${PRELOAD_VARIABLE}\``);
  });

  it('names every place that a sandbox does not show', () => {
    const line = page.split('\n').find((text) => text.startsWith('- Not there,')) ?? '';
    const listed = line.slice(0, line.indexOf('Everything else'));
    expect([...listed.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).toEqual(HIDDEN);
  });

  it('has a sandbox for each mode of which it speaks', () => {
    for (const mode of ['on', 'no-network']) {
      expect(page).toContain(`| \`${mode}\``);
      expect(readConfig({OPENCODE_DELEGATE_SANDBOX: mode}).delegation.sandbox).toBe(mode);
    }
  });

  it('says how long a key is at least', () => {
    const [, least = ''] = /shorter than (\d+) characters/.exec(page) ?? [];
    expect(keyIn('x'.repeat(Number(least)))).toBeDefined();
    expect(keyIn('x'.repeat(Number(least) - 1))).toBeUndefined();
  });
});
