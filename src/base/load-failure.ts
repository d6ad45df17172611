import {type OwnPackage, replaced} from './own-package.ts';

/** Enough for what is loaded at once, and for some clients. */
const ENOUGH_FILES = 1024;

/** What to say where a part of this package could not be loaded, and what to do. */
export function loadFailure(error: unknown, own: OwnPackage): string {
  const message = error instanceof Error ? error.message : String(error);
  return (
    tooFewFiles(error) ??
    replaced(own) ??
    `A part of opencode-delegate ${own.version} could not be loaded: ${message}. If that says nothing of a setting, reinstall it and start the client again.`
  );
}

/** What to say where that is because no more files can be open; `undefined` where it is not. */
export function tooFewFiles(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code !== 'EMFILE' && code !== 'ENFILE') return undefined;
  const whose = code === 'EMFILE' ? 'This process may not' : 'This machine cannot';
  return `${whose} open as many files as opencode-delegate needs to start (${code}). Raise the limit where the client is started: ulimit -n ${ENOUGH_FILES}. Then start again.`;
}
