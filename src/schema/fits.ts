import {runInNewContext} from 'node:vm';
import type {Schema, ValidationResult} from '@cfworker/json-schema';
import {messageOf} from '../base/errors.ts';

/** A pattern can take for ever on some text, and nothing else happens in this process meanwhile. */
const CHECK_MS = 250;
/** More of what does not fit helps nobody to repair it. */
const TOLD = 5;
/** What only says that something below does not fit, which is told as well. */
const ABOVE = new Set(['properties', 'items', 'prefixItems', '$ref', 'allOf', 'patternProperties']);

type Reason = ValidationResult['errors'][number];

/** What came of checking a value: that it fits, or why not, in words that can go on with a sentence. */
export type Fit =
  | {readonly is: 'fitting'}
  /** `unchecked`: nobody can say whether it fits. */
  | {readonly is: 'unfit' | 'unchecked'; readonly why: string};

/** Whether a value fits a schema. Never rejects. */
export async function fitOf(value: unknown, schema: Schema): Promise<Fit> {
  // Most processes never need it.
  const {Validator} = await import('@cfworker/json-schema');
  const run = () => new Validator(schema, '2020-12', false).validate(value);
  try {
    // The time limit ends whatever is being run, a regular expression included.
    const {valid, errors}: ValidationResult = runInNewContext('run()', {run}, {timeout: CHECK_MS});
    return valid ? {is: 'fitting'} : {is: 'unfit', why: reasonsIn(errors)};
  } catch (error) {
    const why = isTimeout(error)
      ? `it could not be checked within ${CHECK_MS} ms: a pattern of the schema takes too long on it`
      : `it could not be checked: ${messageOf(error)}`;
    return {is: 'unchecked', why};
  }
}

function reasonsIn(errors: readonly Reason[]): string {
  const precise = errors.filter(({keyword}) => !ABOVE.has(keyword));
  const told = (precise.length > 0 ? precise : errors).map(({instanceLocation, error}) => {
    const at = instanceLocation === '#' ? 'the whole' : instanceLocation.slice(2);
    return `${at}: ${error.replace(/\.$/, '')}`;
  });
  const all = [...new Set(told)];
  const more = all.length > TOLD ? `; and ${all.length - TOLD} more` : '';
  return `${all.slice(0, TOLD).join('; ')}${more}`;
}

function isTimeout(error: unknown): boolean {
  // It is an error of the other context.
  const isObject = typeof error === 'object' && error !== null;
  return isObject && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
