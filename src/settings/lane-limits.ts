/**
 * Reads `anthropic=4,openai/gpt-5=2`.
 *
 * @param complain called with each problem, as what can follow the variable and its value.
 */
export function laneLimitsIn(
  text: string | undefined,
  complain: (problem: string) => void,
): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const entry of text?.split(',') ?? []) {
    const [, name, number] = /^\s*([^\s=,]+)\s*=\s*([1-9]\d{0,2})\s*$/.exec(entry) ?? [];
    if (name === undefined)
      complain(`has "${entry.trim()}", which must be like anthropic=4 or openai/gpt-5=2`);
    else if (limits.has(name)) complain(`names ${name} twice`);
    else limits.set(name, Number(number));
  }
  return limits;
}
