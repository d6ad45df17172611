import {messageOf} from '../../src/base/errors.ts';
import {type Options, parseOptions} from './options.ts';
import {renderReport} from './report.ts';
import {soak} from './soak.ts';

const options = readOptions(process.argv.slice(2));
const stopped = new AbortController();
// The first ends the kills, and what there was is looked at; another one ends everything.
process.once('SIGINT', () => stopped.abort());

console.log(`soak: ${options.kills} kills, seed ${options.seed}`);
const result = await soak({...options, signal: stopped.signal, tell: (line) => console.log(line)});
if (options.keep) console.log(`kept: ${result.world.sandbox.root}`);
console.log(`\nseed ${options.seed}\n\n${renderReport(result)}`);
process.exit(result.world.findings.all.length === 0 ? 0 : 1);

function readOptions(args: readonly string[]): Options {
  try {
    return parseOptions(args);
  } catch (error) {
    console.error(messageOf(error));
    process.exit(2);
  }
}
