/** The smallest value that at least this share of all values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('there are no values');
  return value;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Milliseconds that the action takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await action();
  return performance.now() - from;
}

type Sampler = () => Promise<number>;

/** Takes a sample of each in turn, so that whatever else the machine does meets both alike. */
export async function interleaved({
  rounds,
  ours,
  baseline,
}: {
  rounds: number;
  ours: Sampler;
  baseline: Sampler;
}): Promise<{ours: number[]; baseline: number[]}> {
  const samples: {ours: number[]; baseline: number[]} = {ours: [], baseline: []};
  for (let round = 0; round < rounds; round++) {
    samples.ours.push(await ours());
    samples.baseline.push(await baseline());
  }
  return samples;
}
