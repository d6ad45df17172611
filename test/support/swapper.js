// Makes each link lead to one place and the other in turn, as fast as it can, until its input ends:
// swapper.js <link> <place> <place> [<link> <place> <place>]...
import {renameSync, symlinkSync} from 'node:fs';
import {isMainThread, Worker} from 'node:worker_threads';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), {argv: process.argv.slice(2)});
  worker.once('message', () => process.stdout.write('swapping\n'));
  process.stdin.resume().once('end', () => process.exit());
} else {
  const {parentPort} = await import('node:worker_threads');
  const given = process.argv.slice(2);
  const swap = (turn) => {
    for (let index = 0; index < given.length; index += 3) {
      const link = given[index];
      symlinkSync(given[index + 1 + turn], `${link}.new`);
      renameSync(`${link}.new`, link);
    }
  };
  swap(0);
  parentPort.postMessage('swapping');
  for (let turn = 1; ; turn = 1 - turn) swap(turn);
}
