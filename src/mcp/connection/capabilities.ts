import {CLIENT_CAPABILITIES_META_KEY, type ServerContext} from '@modelcontextprotocol/server';
import {z} from 'zod';

const capabilities = z.object({
  extensions: z.record(z.string(), z.unknown()).optional(),
  elicitation: z.looseObject({form: z.unknown(), url: z.unknown()}).partial().optional(),
});

/** What we look at of what a client says it can do. */
export type Declared = z.output<typeof capabilities>;

/** What the request itself declares, as those since 2026-07-28 do. */
export function declaredIn({mcpReq}: ServerContext): Declared | undefined {
  const envelope: Record<string, unknown> = {...mcpReq.envelope};
  return capabilities.safeParse(envelope[CLIENT_CAPABILITIES_META_KEY]).data;
}

/** What the client has declared when it connected, as those before 2026-07-28 do. */
export function declaredAtFirst(given: unknown): Declared | undefined {
  return capabilities.safeParse(given).data;
}

/** True when the client can show its user a form: nothing else may be asked of it. One without modes has forms. */
export function showsForms(declared: Declared | undefined): boolean {
  const elicitation = declared?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}
