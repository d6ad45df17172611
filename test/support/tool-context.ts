import type {Tool, ToolContext} from '../../src/mcp/calls/tool.ts';
import {fakeDelegations} from './fake-delegations.ts';

/** A call by a client at work in `/work/shop`. What of the domain is not given is not expected to be asked for. */
export function toolContext(given: Partial<ToolContext['delegations']> = {}): ToolContext {
  const unused = () => Promise.reject(new Error('not used here'));
  return {
    delegations: {
      ...{delegate: unused, continue: unused, wait: unused, first: unused, list: unused, cancel: unused},
      ...{reply: unused, tell: unused, markRead: unused, view: () => undefined},
      ...given,
    },
    client: {
      identity: {name: 'client', version: '1'},
      extendsOnProgress: false,
      project: async () => 'project',
      directory: async () => '/work/shop',
      workingDirectory: async () => '/work/shop',
      path: (path) => path,
    },
    environment: fakeDelegations().environment,
    artifact: (project, id) => `/data/${project}/${id}.md`,
    signal: new AbortController().signal,
    isCancelled: () => false,
    knowsTasks: false,
  };
}

/** All blocks of an answer, with the random part of the line that ends a text taken out. */
export async function answer(tool: Tool, input: object, domain: Partial<ToolContext['delegations']>) {
  const {blocks} = await tool.call(input, toolContext(domain));
  const texts = blocks.map((block) => (typeof block === 'string' ? block : block.verbatim));
  return texts.join('\n---\n').replaceAll(/, [0-9a-f]{8}\]/g, ', 01234567]');
}
