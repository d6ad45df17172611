// A small MCP server with one tool that writes a file, one that does not, and a resource. No SDK, so that it
// starts in no time: 30 lines of the protocol are enough for OpenCode.
import {writeFileSync} from 'node:fs';
import {createInterface} from 'node:readline';

const inputSchema = {type: 'object', properties: {path: {type: 'string'}}};
const text = (words) => ({content: [{type: 'text', text: words}]});
const answers = {
  initialize: ({protocolVersion}) => ({
    protocolVersion,
    capabilities: {tools: {}, resources: {}},
    serverInfo: {name: 'writer', version: '1'},
  }),
  'tools/list': () => ({
    tools: ['write_file', 'look_up'].map((name) => ({name, description: name, inputSchema})),
  }),
  'tools/call': ({name, arguments: {path}}) => {
    if (name === 'write_file') writeFileSync(path, 'written by a tool');
    return text(`${name} was called`);
  },
  'resources/list': () => ({resources: [{uri: 'note://secret', name: 'secret'}]}),
  'resources/templates/list': () => ({resourceTemplates: []}),
  'resources/read': ({uri}) => ({contents: [{uri, text: 'TIGER of a resource'}]}),
};

createInterface({input: process.stdin}).on('line', (line) => {
  const {id, method, params} = JSON.parse(line);
  if (id === undefined) return;
  const result = answers[method]?.(params ?? {}) ?? {};
  process.stdout.write(`${JSON.stringify({jsonrpc: '2.0', id, result})}\n`);
});
