/**
 * Stands where `opencode` stands, starts the real one and passes all connections on to it, until a prompt comes: then
 * it kills the real one before that has any of it, and ends. Only once: with the file that is its first argument in
 * place, it passes on everything.
 */
import {spawn} from 'node:child_process';
import {existsSync, writeFileSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import getPort from 'get-port';

const [mark, ...args] = process.argv.slice(2);
const portAt = args.indexOf('--port') + 1;
const behind = await getPort({host: '127.0.0.1'});
// With what the server is handed as its fourth file.
const child = spawn('opencode', args.with(portAt, String(behind)), {stdio: ['ignore', 'pipe', 'inherit', 3]});
child.once('exit', () => process.exit(1));
process.once('SIGTERM', () => child.kill('SIGTERM'));

const server = createServer((front) => {
  front.on('error', () => front.destroy());
  const back = connect(behind, '127.0.0.1');
  back.on('error', () => front.destroy());
  front.on('close', () => back.destroy());
  back.on('close', () => front.destroy());
  front.on('data', (chunk) => {
    if (!existsSync(mark) && /^POST \/session\/[^ ]+\/prompt_async/.test(chunk.toString('latin1'))) {
      writeFileSync(mark, '');
      child.kill('SIGKILL');
    } else back.write(chunk);
  });
  back.pipe(front);
});

child.stdout.on('data', (chunk) => {
  if (!String(chunk).includes('listening')) return;
  server.listen(Number(args[portAt]), '127.0.0.1', () => {
    process.stdout.write(`opencode server listening on http://127.0.0.1:${args[portAt]}\n`);
  });
});
