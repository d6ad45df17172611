import {expect, it} from 'vitest';
import {TOOL_DEFINITIONS} from '../../src/mcp/server.ts';
import {withModelNames} from '../../src/mcp/tools/delegate.ts';

const NAMES = [
  {name: 'fast', models: ['a/b']},
  {name: 'deep', models: ['c/d']},
];

it('names of models stand in the description of the one tool that takes a model, and only where there are some', () => {
  const named = TOOL_DEFINITIONS.map((definition) => withModelNames(definition, NAMES));
  expect(named[0]?.inputSchema).toMatchObject({
    properties: {
      model: {
        type: 'string',
        description: 'fast, deep, or provider/model.',
      },
      prompt: {type: 'string'},
    },
  });
  expect(named.slice(1)).toEqual(TOOL_DEFINITIONS.slice(1));
  expect(TOOL_DEFINITIONS.map((definition) => withModelNames(definition, []))).toEqual(TOOL_DEFINITIONS);
});
