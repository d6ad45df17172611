import {bold, print} from './output.ts';
import {openPoolShow} from './pool.ts';
import type {Show} from './show.ts';
import {liveStage, scriptedStage} from './stage.ts';
import {twoPieces} from './two-pieces.ts';

const INTERRUPTED_CODE = 130;

await main(new Set(process.argv.slice(2)));

async function main(given: ReadonlySet<string>): Promise<void> {
  const isLive = given.has('--live');
  if (isLive && given.has('--pool')) {
    process.stderr.write('--pool has a scripted model only: leave out --live.\n');
    process.exitCode = 2;
    return;
  }
  const what = `a real OpenCode, ${isLive ? 'your own model' : 'a scripted model on loopback'}`;
  const isPool = given.has('--pool');
  print(
    bold(`opencode-delegate demo: a real MCP client, ${isPool ? 'a real Postgres, a worker, ' : ''}${what}`),
  );
  const show = await open({isLive, isPool});
  // A second Ctrl-C must not stop the clearing that the first began.
  let isInterrupted = false;
  const interrupt = () => {
    if (isInterrupted) return;
    isInterrupted = true;
    process.stderr.write('\nInterrupted; clearing up.\n');
    void show.end().finally(() => {
      show.discard();
      process.exit(INTERRUPTED_CODE);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);

  try {
    await show.play();
    await show.end();
  } catch (error) {
    // What a call says whose server was just interrupted is no news.
    if (isInterrupted) return;
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    await show.end();
    show.discard();
    process.exitCode = 1;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupt);
}

async function open({isLive, isPool}: {isLive: boolean; isPool: boolean}): Promise<Show> {
  if (isPool) return openPoolShow();
  return twoPieces({stage: isLive ? liveStage() : await scriptedStage(), isLive});
}
