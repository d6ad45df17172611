/** Set in the environment of the OpenCode server that we start; where it is set, we offer nothing. */
export const NESTED_MARK = 'OPENCODE_DELEGATE_INSIDE';
