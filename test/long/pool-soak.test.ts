import {expect, it} from 'vitest';
import {renderPoolReport} from '../soak/pool/report.ts';
import {soakPool} from '../soak/pool/soak.ts';
import {HOST_MODE} from '../support/sandbox.ts';

/** Everything is started again and again, on a machine that does other things as well. */
const LIMIT_MS = 900_000;

/** The hosts of clients are killed, and it takes minutes. */
const IS_SKIPPED = process.env.TEST_ALL !== '1' || HOST_MODE === 'off';

it.skipIf(IS_SKIPPED)(
  'ten faults at random in a pool lose nothing, double nothing, and leave nothing behind',
  {timeout: LIMIT_MS},
  async ({signal}) => {
    const lines: string[] = [];
    const result = await soakPool({
      ...{kills: 10, seed: 18, minutes: 5, keep: false, signal},
      tell: (line) => lines.push(line),
    });
    expect(result.world.findings.all, `${lines.join('\n')}\n${renderPoolReport(result)}`).toEqual([]);
  },
);
