// Stands for whatever an agent can have started: it writes down its own environment, what the environments of its
// ancestors were when they were started, and what is in small files that they hold open. Its first argument names the
// file.
import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';

const MAX_BYTES = 4096;
const found = {own: process.env, ancestors: [], held: []};
for (let pid = process.ppid; pid > 1; ) {
  try {
    found.ancestors.push(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'));
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${name}`;
      const stats = statSync(path, {throwIfNoEntry: false});
      if (stats?.isFile() && stats.size <= MAX_BYTES) found.held.push(readFileSync(path, 'latin1'));
    }
    pid = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    // It is not ours to look into, or it is gone, and so is the way up.
    break;
  }
}
writeFileSync(process.argv[2], JSON.stringify(found));
