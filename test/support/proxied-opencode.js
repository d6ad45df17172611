/**
 * Stands where `opencode` stands: starts the real one and passes all connections on to it, but can keep its
 * event streams from anyone who is connected. SIGUSR2 cuts them and refuses new ones; SIGUSR1 lets them pass.
 */
import {spawn} from 'node:child_process';
import {connect, createServer} from 'node:net';
import getPort from 'get-port';

const args = process.argv.slice(2);
const portAt = args.indexOf('--port') + 1;
const behind = await getPort({host: '127.0.0.1'});
const child = spawn('opencode', args.with(portAt, String(behind)), {stdio: ['ignore', 'pipe', 'inherit']});
child.once('exit', (code) => process.exit(code ?? 1));
process.once('SIGTERM', () => child.kill('SIGTERM'));

let isBlocked = false;
const streams = new Set();
process.on('SIGUSR1', () => {
  isBlocked = false;
});
process.on('SIGUSR2', () => {
  isBlocked = true;
  for (const stream of streams) stream.destroy();
});

const server = createServer((front) => {
  front.on('error', () => front.destroy());
  // A connection may be kept alive and used for several requests; each stream has one to itself in practice.
  front.on('data', (chunk) => {
    if (!chunk.toString('latin1').startsWith('GET /global/event')) return;
    if (isBlocked) front.destroy();
    else streams.add(front);
  });
  const back = connect(behind, '127.0.0.1');
  back.on('error', () => front.destroy());
  front.on('close', () => {
    streams.delete(front);
    back.destroy();
  });
  back.on('close', () => front.destroy());
  front.pipe(back);
  back.pipe(front);
});

child.stdout.on('data', (chunk) => {
  if (!String(chunk).includes('listening')) return;
  server.listen(Number(args[portAt]), '127.0.0.1', () => {
    process.stdout.write(`opencode server listening on http://127.0.0.1:${args[portAt]}\n`);
  });
});
