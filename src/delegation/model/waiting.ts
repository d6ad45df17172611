/** Why a delegation has not started. */
export interface Waiting {
  /** Its place among those that wait for the same provider or model, or for the same repository elsewhere, from 1. */
  readonly place: number;
  /** What it waits for. */
  readonly reason: WaitReason;
}

/** What a delegation that has not started waits for. */
export type WaitReason =
  | {readonly is: 'all slots taken'; readonly limit: number}
  | {readonly is: 'lane full'; readonly lane: string; readonly limit: number}
  | {readonly is: 'rate-limited'; readonly lane: string; readonly until: number}
  /** Of what runs elsewhere: in the words of those there, a phrase. */
  | {readonly is: 'elsewhere'; readonly why: string}
  /** Another delegation, which can write in the same directory. */
  | {readonly is: 'other writer'; readonly id: string};
