// Starts the server that its arguments name, and keeps all that the client sends it, in the file that is named first.
import {spawn} from 'node:child_process';
import {createWriteStream} from 'node:fs';

const [file, ...server] = process.argv.slice(2);
const record = createWriteStream(file, {flags: 'a'});
const child = spawn(process.execPath, server, {stdio: ['pipe', 'inherit', 'inherit']});
process.stdin.pipe(record);
process.stdin.pipe(child.stdin);
child.on('exit', (code) => process.exit(code ?? 1));
