import {expect, it} from 'vitest';
import {areForOurSake, leaveOut} from '../../src/plugin/opencode/resource-tools.ts';

const OURS = {'opencode-delegate': {type: 'local', command: ['opencode-delegate']}};
const NAMES = ['opencode-delegate'];

it.each([
  ['where ours is the only server', {mcp: OURS}],
  ['where another is switched off', {mcp: {...OURS, other: {enabled: false}}}],
])('OpenCode’s tools for resources are there for our sake alone %s', (_, config) => {
  expect(areForOurSake(config, NAMES)).toBe(true);
});

it.each([
  ['where another server may have some', {mcp: {...OURS, other: {type: 'local', command: ['x']}}}, NAMES],
  ['where the person speaks of them', {mcp: OURS, tools: {read_mcp_resource: true}}, NAMES],
  ['where there is no server of ours', {}, []],
])('they are not %s', (_, config, names) => {
  expect(areForOurSake(config, names)).toBe(false);
});

it('they are left out of a message, but for what it says of tools itself', () => {
  const message = {id: 'msg', tools: {read_mcp_resource: true, bash: false}};
  leaveOut(message);
  expect(message).toEqual({
    id: 'msg',
    tools: {
      list_mcp_resources: false,
      list_mcp_resource_templates: false,
      read_mcp_resource: true,
      bash: false,
    },
  });
});
