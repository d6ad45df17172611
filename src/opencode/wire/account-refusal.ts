import {wordsOf} from './answer.ts';
import type {SessionError} from './rate-limit.ts';

/** Unauthorized, payment required, forbidden: another request of the same account fares no better. */
const STATUSES = [401, 402, 403];
/** Some providers say the same with another status: Anthropic 400 for no credit, OpenAI 404 for a model that is not for everybody. */
const WORDS =
  /credit balance|insufficient (credit|fund|balance)|billing|payment required|do(es)? not have access|not have permission|unauthori[sz]ed|not authori[sz]ed|(invalid|incorrect|no) api.?key|subscription/i;

/** True where a provider has refused a request because of the account that it came from. */
export function isAccountRefusal(error: SessionError): boolean {
  if (error.name === 'ProviderAuthError') return true;
  const status = error.name === 'APIError' ? error.data.statusCode : undefined;
  return (status !== undefined && STATUSES.includes(status)) || WORDS.test(wordsOf(error));
}
