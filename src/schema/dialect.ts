import type {Schema} from '@cfworker/json-schema';

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];
const schema = {$ref: '#'};
const schemas = {type: 'array', minItems: 1, items: schema};
const named = {type: 'object', additionalProperties: schema};
const names = {type: 'array', items: {type: 'string'}};
const count = {type: 'integer', minimum: 0};
const number = {type: 'number'};

/** What a keyword of JSON Schema takes, in the words of JSON Schema itself. */
const KEYWORDS: Readonly<Record<string, object>> = {
  type: {anyOf: [{enum: TYPES}, {type: 'array', minItems: 1, items: {enum: TYPES}}]},
  enum: {type: 'array', minItems: 1},
  const: {},
  $ref: {type: 'string', pattern: '^#'},
  $defs: named,
  definitions: named,
  properties: named,
  patternProperties: named,
  additionalProperties: schema,
  propertyNames: schema,
  required: names,
  dependentRequired: {type: 'object', additionalProperties: names},
  dependentSchemas: named,
  minProperties: count,
  maxProperties: count,
  prefixItems: schemas,
  items: schema,
  contains: schema,
  minContains: count,
  maxContains: count,
  minItems: count,
  maxItems: count,
  uniqueItems: {type: 'boolean'},
  unevaluatedItems: schema,
  unevaluatedProperties: schema,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: {type: 'number', exclusiveMinimum: 0},
  minLength: count,
  maxLength: count,
  pattern: {type: 'string'},
  format: {type: 'string'},
  allOf: schemas,
  anyOf: schemas,
  oneOf: schemas,
  not: schema,
  if: schema,
  else: schema,
  ...Object.fromEntries([['then', schema]]),
};

/**
 * A schema of schemas. What would have a schema mean something else than it looks like is refused with it: other
 * addresses, and references that are only known while a value is checked.
 */
export const SCHEMA_OF_SCHEMAS: Schema = {
  type: ['object', 'boolean'],
  properties: {...KEYWORDS, $id: false, $dynamicRef: false, $recursiveRef: false},
};

/** True for a schema that says something: one with no keyword of JSON Schema would fit everything. */
export function saysSomething(value: object): boolean {
  return Object.keys(value).some((key) => Object.hasOwn(KEYWORDS, key));
}
