import {expect, it} from 'vitest';
import {filesChanged, type Transcript} from '../../src/opencode/transcript/transcript.ts';

it('a changed file whose folder begins with two dots is inside, and one above the directory is not', () => {
  const written = ['/work/..cache/x', '/work/..x', '/other/y', '/work/z'].map((filePath) => ({
    type: 'tool',
    tool: 'write',
    state: {status: 'completed', input: {filePath}},
  }));
  const transcript = [{info: {role: 'assistant'}, parts: written}] as unknown as Transcript;
  expect(filesChanged(transcript, '/work')).toEqual(['..cache/x', '..x', '/other/y', 'z']);
});
