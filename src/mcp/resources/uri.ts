import {parseId} from '../../delegation/model/id.ts';

const SCHEME = 'delegation://';

/** RFC 6570, as clients fill it in. */
export const URI_TEMPLATE = `${SCHEME}{id}`;

export function uriOf(id: string): string {
  return `${SCHEME}${id}`;
}

/** The id that a URI names, or `undefined` when it is none of ours. People type it in any case, with a slash. */
export function idOf(uri: string): string | undefined {
  return uri.trim().toLowerCase().startsWith(SCHEME) ? parseId(uri) : undefined;
}
