import {readdirSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {filmOf} from './film.ts';

const FOLDER = fileURLToPath(new URL('../../docs/screens', import.meta.url));
/** So much is loaded by anyone who opens the README. */
const MAX_BYTES = 150_000;

const line = (text: string) => `<text>${text}</text>`;
const frames = [
  {lines: [line('one'), ''], ms: 1_000},
  {lines: [line('one'), line('two')], ms: 2_000},
  {lines: ['', line('three')], ms: 1_000},
];

describe('a film', () => {
  const film = filmOf(frames, {columns: 10, title: 'A & B', still: 1});

  it('shows each frame from its beginning to its end, and one where nothing may move', () => {
    expect(film).toContain(
      '@keyframes f1{0%{visibility:hidden}25.000%{visibility:visible}75.000%{visibility:hidden}}',
    );
    expect(film).toContain('animation-duration:4000ms');
    const still = film.match(/<g class="f" style="animation-name:(f\d)" visibility="visible">/g);
    expect(still).toEqual([expect.stringContaining('f1')]);
    expect(film).toMatch(/@media \(prefers-reduced-motion:no-preference\)\{\.f\{animation-duration:/);
  });

  it('has a line that is in several frames once', () => {
    expect(film.match(/<text>one<\/text>/g)).toHaveLength(1);
    expect(film.match(/href="#l0"/g)).toHaveLength(2);
    expect(film).toContain('<title>A &amp; B</title>');
  });
});

describe.each(readdirSync(FOLDER))('docs/screens/%s', (name) => {
  const picture = readFileSync(`${FOLDER}/${name}`, 'utf8');

  it('is small, needs nothing beside it, and runs nothing', () => {
    expect(picture.length).toBeLessThan(MAX_BYTES);
    expect(picture).not.toMatch(
      /<script|<image|@import|url\(|href="[^#]|https?:\/\/(?!www\.w3\.org\/2000\/svg")/,
    );
  });

  it('shows something where nothing may move', () => {
    const visible = picture.match(/<g class="f"[^>]*visibility="visible">.*/g) ?? [picture];
    expect(visible).toHaveLength(1);
    expect(visible[0]?.match(/<use |<text /g)?.length).toBeGreaterThan(5);
    if (picture.includes('@keyframes')) expect(picture).toContain('prefers-reduced-motion');
  });
});
