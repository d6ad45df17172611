import {
  isJSONRPCErrorResponse,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type McpRequestContext,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import {StdioServerTransport} from '@modelcontextprotocol/server/stdio';
import {z} from 'zod';
import {keptRefusal} from './refused.ts';

/** A `ResourceNotFoundError` has this and nothing else: it is how the SDK's own clients know one. */
const notFoundData = z.strictObject({uri: z.string()});

/**
 * Our end of a connection. Revisions before 2026-07-28 have a code of their own for a resource that is not
 * there, -32002. The SDK answers all of them with the newest one's, whatever a handler throws.
 */
export class Wire extends StdioServerTransport {
  /** What the connection speaks; known when its first message has come. */
  era: McpRequestContext['era'] | undefined;

  override send(message: JSONRPCMessage): Promise<void> {
    const bounded = isJSONRPCErrorResponse(message) ? withBounds(message) : message;
    return super.send(this.era === 'legacy' ? withLegacyCode(bounded) : bounded);
  }
}

/** Errors say back what was asked for, however long that is. */
function withBounds(message: JSONRPCErrorResponse): JSONRPCErrorResponse {
  const {data} = message.error;
  const named = notFoundData.safeParse(data).data;
  const error = {
    ...message.error,
    message: keptRefusal(message.error.message),
    ...(named !== undefined && {data: {uri: keptRefusal(named.uri)}}),
  };
  return {...message, error};
}

function withLegacyCode(message: JSONRPCMessage): JSONRPCMessage {
  if (!isJSONRPCErrorResponse(message) || !notFoundData.safeParse(message.error.data).success) return message;
  return {...message, error: {...message.error, code: ProtocolErrorCode.ResourceNotFound}};
}
