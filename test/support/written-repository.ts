import type {Files} from './repository.ts';

/** The name of a commit that no repository has. */
export const NO_COMMIT = '1234567890'.repeat(4);

/**
 * A repository as an agent without a shell can write it, with text files alone. A git that asks what has changed in it
 * leaves a file at `mark`: its index has one file whose content is to be looked at, and a filter has to run for that.
 */
export function writtenRepository(mark: string): Files {
  const index = Buffer.concat([
    Buffer.from('DIRC\0\0\0\x02\0\0\0\x01'),
    // Its times, device and inode; its mode, in bytes that are UTF-8; its owners and its size.
    ...[Buffer.alloc(24), Buffer.from([0x00, 0xe1, 0x81, 0xa4]), Buffer.alloc(8), Buffer.from([0, 0, 0, 2])],
    ...[Buffer.from('abcdefghijklmnopqrst'), Buffer.from([0, 1]), Buffer.from('f\0abcdefghijklmnopqrst')],
  ]);
  return {
    '.git/HEAD': `${NO_COMMIT}\n`,
    '.git/config': `[core]\n\trepositoryformatversion = 0\n[filter "evil"]\n\tclean = "touch '${mark}'; cat"\n`,
    '.git/objects/x': 'x',
    '.git/refs/x': 'x',
    '.git/index': index.toString(),
    '.gitattributes': '* filter=evil\n',
    f: 'y\n',
  };
}
