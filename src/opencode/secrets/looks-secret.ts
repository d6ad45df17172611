import {existsSync} from 'node:fs';

/** What names of variables and settings end with that hold a secret: `ACME_API_KEY`, `apiKey`, `x-auth-token`. */
const SECRET_WORDS = new Set([
  ...['key', 'keys', 'apikey', 'token', 'tokens', 'secret', 'secrets', 'password', 'passwd', 'passphrase'],
  ...['credential', 'credentials', 'auth', 'authorization', 'pat'],
]);
/**
 * Keys are longer. What is shorter may be a word like any other (`DB_PASSWORD=postgres`), which would go missing in
 * answers that have nothing to do with it.
 */
const MIN_CHARS = 16;
/** What stands before the key in a header. */
const SCHEME = /^(?:bearer|basic|token)\s+/i;

/** True for the name of a variable, a setting or a header that holds a key. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  return SECRET_WORDS.has(words.at(-1) ?? '');
}

/** The key in the value of a variable, a setting or a header; `undefined` where it is none. */
export function keyIn(value: string): string | undefined {
  const key = value.trim().replace(SCHEME, '');
  // Blanks make it a text, and a path (`SSH_AUTH_SOCK`) is no secret itself.
  return key.length < MIN_CHARS || /\s/.test(key) || existsSync(key) ? undefined : key;
}
