/** What was opened was not sealed like that: another key, another place, or changed on its way. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}
