import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Line, Lines} from '../../src/link/lines.ts';

function push(lines: Lines, ...chunks: readonly string[]): readonly string[] {
  return chunks.flatMap((chunk) => lines.push(Buffer.from(chunk))).map(shown);
}

function shown(line: Line): string {
  if ('bytes' in line) return line.bytes.toString();
  return 'tooLong' in line ? 'too long' : `${line.skipped.head}|${line.skipped.tail}`;
}

describe('lines', () => {
  it('are the same bytes, however they are cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({maxLength: 40})), (chunks) => {
        const lines = new Lines({maxBytes: 1_000_000});
        const bytes = Buffer.concat(chunks);
        const whole = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
        const got = chunks.flatMap((chunk) => lines.push(Buffer.from(chunk)));
        expect(Buffer.concat(got.flatMap((line) => ('bytes' in line ? line.bytes : [])))).toEqual(whole);
        expect(got).toHaveLength(whole.filter((byte) => byte === 10).length);
      }),
    );
  });

  it('that are too long are reported once and skipped, and the next is whole', () => {
    const lines = new Lines({maxBytes: 5});
    expect(push(lines, 'ab\n123456', '789', '0\ncd\n')).toEqual([
      'ab\n',
      'too long',
      '123456|1234567890\n',
      'cd\n',
    ]);
    expect(push(lines, '1234567\nef\n')).toEqual(['too long', '1234567\n|1234567\n', 'ef\n']);
  });

  it('end with the stream, also the last one without a newline', () => {
    const lines = new Lines({maxBytes: 5});
    expect(lines.end()).toEqual([]);
    push(lines, 'ab\ncd');
    expect(lines.end().map(shown)).toEqual(['cd\n']);
    push(lines, '123456');
    expect(lines.end().map(shown)).toEqual(['123456|123456\n']);
    expect(lines.end()).toEqual([]);
  });

  it('of exactly the limit pass', () => {
    expect(push(new Lines({maxBytes: 5}), '12', '34\n')).toEqual(['1234\n']);
  });
});
