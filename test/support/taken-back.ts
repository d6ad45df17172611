import {existsSync, readFileSync} from 'node:fs';
import type {ClientName} from '../../src/cli/clients/client.ts';
import {clientsFor} from '../../src/cli/clients/places.ts';
import type {Sandbox} from './sandbox.ts';

/** Texts by file; `undefined` where there is none. */
export type Texts = Readonly<Record<string, string | undefined>>;

/** What stands in the files that `install` changes for a client. */
export function configurationOf(name: ClientName, {env, project}: Sandbox): Texts {
  const [client] = clientsFor({env, cwd: project}).filter((one) => one.name === name);
  const {global: hook} = client?.hook ?? {};
  const files = [...(client?.servers.global ?? []), ...(hook === undefined ? [] : [hook])].map(
    ({file}) => file,
  );
  return Object.fromEntries(
    files.map((file) => [file, existsSync(file) ? readFileSync(file, 'utf8') : undefined]),
  );
}

export interface Uses {
  /** Before `install`. */
  readonly before: Texts;
  /** After it. */
  readonly installed: Texts;
  /** When the client has been used. */
  readonly used: Texts;
}

/** What `uninstall` has to leave: each file as it was, or as the client has written it since, without our part. */
export function takenBack({before, installed, used}: Uses): Texts {
  return Object.fromEntries(
    Object.entries(used).map(([file, text]) => {
      const was = before[file];
      const put = installed[file] ?? '';
      return [file, text === put ? was : text?.replace(insertedIn(put, was ?? ''), () => '')];
    }),
  );
}

/** The one piece that is in a text and not in what it was made of. */
function insertedIn(text: string, before: string): string {
  const rest = text.length - before.length;
  let at = 0;
  while (at < before.length && text[at] === before[at]) at += 1;
  if (text.slice(at + rest) !== before.slice(at)) throw new Error(`more than one change: ${text}`);
  return text.slice(at, at + rest);
}
