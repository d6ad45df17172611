// Puts a link in the place of each path and takes it away again, over and over, until its input ends. What was at the
// path waits in a folder meanwhile: exchanger.js <folder> <path> <target> [<path> <target>]...
import {mkdirSync, renameSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {isMainThread, Worker} from 'node:worker_threads';

/** Each state lasts up to this long, as what git does between two looks takes some time. */
const LONGEST_MS = 8;

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), {argv: process.argv.slice(2)});
  worker.once('message', () => process.stdout.write('exchanging\n'));
  process.stdin.resume().once('end', () => process.exit());
} else {
  const {parentPort} = await import('node:worker_threads');
  const [folder, ...given] = process.argv.slice(2);
  mkdirSync(folder, {recursive: true});
  const exchanged = [];
  for (let index = 0; index < given.length; index += 2) {
    const [aside, link] = [join(folder, `aside-${index}`), join(folder, `link-${index}`)];
    symlinkSync(given[index + 1], link);
    exchanged.push({path: given[index], aside, link});
  }
  const moved = (from, to) => {
    try {
      renameSync(from, to);
    } catch {
      // Somebody has removed it, or made another in its place.
    }
  };
  const never = new Int32Array(new SharedArrayBuffer(4));
  const wait = () => Atomics.wait(never, 0, 0, Math.random() * LONGEST_MS);
  const exchange = () => {
    for (const {path, aside, link} of exchanged) {
      moved(path, aside);
      moved(link, path);
    }
    wait();
    for (const {path, aside, link} of exchanged) {
      moved(path, link);
      moved(aside, path);
    }
    wait();
  };
  exchange();
  parentPort.postMessage('exchanging');
  for (;;) exchange();
}
