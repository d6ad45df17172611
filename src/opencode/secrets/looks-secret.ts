import {existsSync} from 'node:fs';

/** What names of variables and settings end with that hold a secret: `ACME_API_KEY`, `apiKey`, `x-auth-token`. */
const SECRET_WORDS = new Set([
  ...['key', 'keys', 'apikey', 'token', 'tokens', 'secret', 'secrets', 'password', 'passwd', 'passphrase'],
  ...['credential', 'credentials', 'auth', 'authorization', 'pat', 'pass', 'pwd', 'jwt', 'cookie', 'webhook'],
]);
/** What they have anywhere in them, also as the end of a word: `AWS_BEARER_TOKEN_BEDROCK`, `PGPASSWORD`, `clientsecret`. */
const SECRET_ANYWHERE =
  /(?:token|secret|password|passwd|passphrase|credential|apikey|(?:api|access|secret|private|service) key)s?(?: |$)/;
/** What they end with where they are about a secret and hold none. */
const ABOUT = new Set([
  ...['url', 'uri', 'endpoint', 'host', 'file', 'path', 'dir', 'name', 'id', 'type', 'provider', 'method'],
  ...[
    'helper',
    'issuer',
    'header',
    'prefix',
    'format',
    'algorithm',
    'ttl',
    'expiry',
    'limit',
    'size',
    'count',
  ],
]);
/**
 * Keys are longer. What is shorter may be a word like any other (`DB_PASSWORD=postgres`), which would go missing in
 * answers that have nothing to do with it.
 */
const MIN_CHARS = 16;
/** The text of a key, which has blanks in it. */
const KEY_TEXT = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
/** What stands before the key in a header. */
const SCHEME = /^(?:bearer|basic|token)\s+/i;

/** True for the name of a variable, a setting or a header that holds a key. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  const last = words.at(-1) ?? '';
  return SECRET_WORDS.has(last) || (!ABOUT.has(last) && SECRET_ANYWHERE.test(words.join(' ')));
}

/** The key in the value of a variable, a setting or a header; `undefined` where it is none. */
export function keyIn(value: string): string | undefined {
  const key = value.trim().replace(SCHEME, '');
  // Blanks make it a text, and a path (`SSH_AUTH_SOCK`) is no secret itself.
  const isText = /\s/.test(key) && !KEY_TEXT.test(key);
  return key.length < MIN_CHARS || isText || existsSync(key) ? undefined : key;
}
