import * as z from 'zod';

/** The most that a limit can be: what is above was meant otherwise. */
const MAX_COST_USD = 100_000;
const MAX_TOKENS = 10_000_000_000;

/** An amount of money as a limit, in US dollars. */
export const costLimit = z
  .number('must be a number of US dollars, as 0.5')
  .positive('must be more than 0')
  .max(MAX_COST_USD, `must be at most ${MAX_COST_USD.toLocaleString('en-US')} US dollars`);

/** A number of tokens as a limit. */
export const tokenLimit = z
  .number('must be a number of tokens, as 50000')
  .min(1, 'must be at least 1')
  .max(MAX_TOKENS, `must be at most ${MAX_TOKENS.toLocaleString('en-US')} tokens`);
