// An MCP server whose one tool does nothing: what OpenCode itself needs for a call of any server.
import {McpServer} from '@modelcontextprotocol/server';
import {StdioServerTransport} from '@modelcontextprotocol/server/stdio';

const server = new McpServer({name: 'nothing', version: '1.0.0'});
server.registerTool('nothing', {description: 'Does nothing.'}, () => ({
  content: [{type: 'text', text: 'Nothing.'}],
}));
await server.connect(new StdioServerTransport());
