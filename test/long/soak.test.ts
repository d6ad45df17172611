import {expect, it} from 'vitest';
import {renderReport} from '../soak/report.ts';
import {soak} from '../soak/soak.ts';
import {HOST_MODE} from '../support/sandbox.ts';

/** On a busy machine a server takes ten seconds to start, and most kills end one. */
const LIMIT_MS = 900_000;

/** What is killed is, for the most part, the host and what it has started; and it takes minutes. */
const IS_SKIPPED = process.env.TEST_ALL !== '1' || HOST_MODE === 'off';

it.skipIf(IS_SKIPPED)(
  'fifteen kills at random lose nothing, double nothing, and leave nothing behind',
  {timeout: LIMIT_MS},
  async ({signal}) => {
    const lines: string[] = [];
    const result = await soak({
      ...{kills: 15, seed: 15, minutes: 8, keep: false, signal},
      tell: (line) => lines.push(line),
    });
    expect(result.world.findings.all, `${lines.join('\n')}\n${renderReport(result)}`).toEqual([]);
  },
);
