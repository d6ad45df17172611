/**
 * The JSON-RPC error code of a call that a host did not take on because it ends. JSON-RPC leaves -32000 to -32099 to
 * servers.
 */
export const ENDING_CODE = -32_050;
