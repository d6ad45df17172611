import {messageOf} from '../../base/errors.ts';

/** What one check has found. */
export interface Finding {
  /** What was looked at: `OpenCode`, `Disk`. */
  readonly what: string;
  readonly is: 'ok' | 'warning' | 'failed';
  /** How it stands, as a sentence. */
  readonly says: string;
  /** What puts it right. */
  readonly cure?: string;
}

export function fine(what: string, says: string): Finding {
  return {what, is: 'ok', says};
}

export function warning(what: string, says: string, cure: string): Finding {
  return {what, is: 'warning', says, cure};
}

/** @param cure left out where the words of the failure have it. */
export function failed(what: string, error: unknown, cure?: string): Finding {
  const says = messageOf(error);
  if (cure === undefined) return {what, is: 'failed', says};
  // What to do stands behind it.
  return {what, is: 'failed', says: /[.!?]$/.test(says) ? says : `${says}.`, cure};
}
