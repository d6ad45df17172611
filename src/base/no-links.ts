/** What file systems answer that cannot link to files: exFAT, and some on a network. */
const CODES: readonly unknown[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** True for the error of a link to a file where the file system has no such links. */
export function hasNoLinks(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CODES.includes(error.code);
}
