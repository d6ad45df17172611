import type {Stage} from './stage.ts';
import type {Row} from './table.ts';

const MAX_CHARS = 6_000;

/** What our being there costs every conversation: definitions and instructions, as the client has them. */
export async function* definitions(stage: Stage): AsyncGenerator<Row> {
  const {client} = await stage.bin();
  const {tools} = await client.listTools();
  const instructions = client.getInstructions() ?? '';
  const chars = JSON.stringify(tools).length + instructions.length;
  yield* [
    {
      what: `characters of ${tools.length} definitions and the instructions`,
      measured: chars.toLocaleString('en-US'),
      baseline: '-',
      ratio: '-',
      goal: `<= ${MAX_CHARS.toLocaleString('en-US')}`,
      met: chars <= MAX_CHARS,
    },
  ];
}
