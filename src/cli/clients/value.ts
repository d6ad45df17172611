import {type ParseError, parse} from 'jsonc-parser';
import {parse as parseToml} from 'smol-toml';

/** Some editors on Windows begin files with it. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/** What a configuration says, in JSON with comments or in TOML. @throws where it cannot be read. */
export function valueIn(file: string, text: string): unknown {
  if (file.endsWith('.toml')) return tomlIn(text);
  const errors: ParseError[] = [];
  const value: unknown = parse(text.replace(BYTE_ORDER_MARK, ''), errors, {allowTrailingComma: true});
  const isEmpty = text.trim() === '';
  if (errors.length > 0 && !isEmpty) throw new Error('it is no JSON that can be read');
  return isEmpty ? {} : value;
}

/** What a TOML text says; a number that JavaScript has no exact number for is a BigInt. @throws where it cannot be read. */
export function tomlIn(text: string): Record<string, unknown> {
  return parseToml(text.replace(BYTE_ORDER_MARK, ''), {integersAsBigInt: 'asNeeded'});
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
