import {type ParseError, parse} from 'jsonc-parser';

/**
 * What a file of OpenCode's configuration, or its `auth.json`, says: without what OpenCode writes into it by itself.
 * That is `$schema`, and the tokens of a login that it renews and reads again for each request.
 */
export function meaningOf(text: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, {allowTrailingComma: true});
  if (errors.length > 0 || typeof value !== 'object' || value === null) return text;
  return Object.entries(value)
    .filter(([name]) => name !== '$schema')
    .map(([name, setting]) => [name, isRenewed(setting) ? 'oauth' : setting]);
}

function isRenewed(setting: unknown): boolean {
  return typeof setting === 'object' && setting !== null && 'type' in setting && setting.type === 'oauth';
}
