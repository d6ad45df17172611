import {messageOf} from '../../src/base/errors.ts';
import {type Options, parseOptions} from './options.ts';
import {renderPoolReport} from './pool/report.ts';
import {soakPool} from './pool/soak.ts';
import {renderReport} from './report.ts';
import {soak} from './soak.ts';

const options = readOptions(process.argv.slice(2));
const stopped = new AbortController();
// The first ends the kills, and what there was is looked at; another one ends everything.
process.once('SIGINT', () => stopped.abort());

console.log(`soak: ${options.kills} kills, seed ${options.seed}`);
const given = {...options, signal: stopped.signal, tell: (line: string) => console.log(line)};
const {kept, report, findings} = options.pool ? await ofPool() : await ofOneMachine();
if (options.keep) console.log(`kept: ${kept.join(', ')}`);
console.log(`\nseed ${options.seed}\n\n${report}`);
process.exit(findings.all.length === 0 ? 0 : 1);

async function ofOneMachine() {
  const result = await soak(given);
  const {sandbox, findings} = result.world;
  return {kept: [sandbox.root], report: renderReport(result), findings};
}

async function ofPool() {
  const result = await soakPool(given);
  const {workers, clients, findings} = result.world;
  return {kept: [...workers, ...clients].map(({root}) => root), report: renderPoolReport(result), findings};
}

function readOptions(args: readonly string[]): Options {
  try {
    return parseOptions(args);
  } catch (error) {
    console.error(messageOf(error));
    process.exit(2);
  }
}
