import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {DemoClient} from './client.ts';
import {block, bold, dim, fact, heading, ms, print, shortened} from './output.ts';
import {liveStage, type Stage, scriptedStage} from './stage.ts';
import {PROMPTS, WRITTEN_FILE} from './work.ts';

/** So much of a file is shown. */
const SHOWN_LINES = 12;
const INTERRUPTED_CODE = 130;

interface Delegated {
  readonly id: string;
  readonly blocks: readonly string[];
}

await main(process.argv.includes('--live'));

async function main(isLive: boolean): Promise<void> {
  print(bold(`opencode-delegate demo: a real MCP client, a real OpenCode, ${modelName(isLive)}`));
  const stage = isLive ? liveStage() : await scriptedStage();
  const client = new DemoClient();
  // A second Ctrl-C must not stop the clearing that the first began.
  let isInterrupted = false;
  const interrupt = () => {
    if (isInterrupted) return;
    isInterrupted = true;
    process.stderr.write('\nInterrupted; clearing up.\n');
    void end({client, stage}).finally(() => {
      stage.discard();
      process.exit(INTERRUPTED_CODE);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);

  try {
    await play({client, stage, isLive});
    await end({client, stage});
  } catch (error) {
    // What a call says whose server was just interrupted is no news.
    if (isInterrupted) return;
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    await end({client, stage});
    stage.discard();
    process.exitCode = 1;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupt);
}

function modelName(isLive: boolean): string {
  return isLive ? 'your own model' : 'a scripted model on loopback';
}

async function end({client, stage}: {client: DemoClient; stage: Stage}): Promise<void> {
  await client.close();
  await stage.clear();
}

async function play({client, stage, isLive}: {client: DemoClient; stage: Stage; isLive: boolean}) {
  heading('The client connects');
  await client.connect(stage);
  fact('server', client.server);
  fact('tools', (await client.tools()).join(', '));
  fact('project', stage.project);

  heading('It delegates two pieces of work');
  const ids: string[] = [];
  for (const prompt of PROMPTS) {
    const {blocks, took} = await client.call('delegate', {prompt});
    const id = idIn(blocks);
    const note = ids.length === 0 ? ' (this one waited for OpenCode to start)' : '';
    ids.push(id);
    fact('prompt', dim(shortened(prompt)));
    fact('answer', firstLine(blocks));
    fact('', dim(`after ${ms(took)}${note}`));
  }

  heading('It carries on while they run');
  const meanwhile = await client.call('delegation_list', {status: 'running'});
  fact('list', `${firstLine(meanwhile.blocks)}, answered after ${ms(meanwhile.took)}`);

  heading('It reads both; progress comes until they end');
  const delegated = await Promise.all(ids.map((id) => readToTheEnd(client, id)));

  for (const {id, blocks} of delegated) {
    heading(`Result of ${id}`);
    for (const [n, text] of blocks.entries()) {
      if (n > 0) print();
      block(text);
    }
  }
  const failed = delegated.filter(({id, blocks}) => !blocks[0]?.includes(`${id} · completed`));
  if (failed.length > 0) throw new Error(`${failed.map(({id}) => id).join(' and ')} did not complete.`);

  heading(`What the first one wrote into ${WRITTEN_FILE}`);
  block(readFileSync(join(stage.project, WRITTEN_FILE), 'utf8'));

  heading('delegation_list');
  block((await client.call('delegation_list', {limit: PROMPTS.length})).blocks.join('\n'));

  heading('The results are files');
  const artifacts = delegated.map(artifactOf);
  for (const artifact of artifacts) fact('file', artifact);
  fact('', stage.keeping);
  print(`\n  The first lines of the first:\n`);
  for (const artifact of artifacts.slice(0, 1)) {
    block(readFileSync(artifact, 'utf8').split('\n').slice(0, SHOWN_LINES).join('\n'));
  }
  if (!isLive) print(`\nWith your own OpenCode configuration and model: ${bold('npm run demo -- --live')}`);
}

async function readToTheEnd(client: DemoClient, id: string): Promise<Delegated> {
  const {blocks} = await client.read(id, (message) => print(`  ${id.padEnd(28)} ${dim(message)}`));
  return {id, blocks};
}

function idIn(blocks: readonly string[]): string {
  const id = /^[a-z]+-[a-z]+-[a-z]+/.exec(firstLine(blocks))?.[0];
  if (id === undefined) throw new Error(`delegate answered without an id: ${blocks.join('\n')}`);
  return id;
}

function firstLine(blocks: readonly string[]): string {
  return blocks[0]?.split('\n')[0] ?? '';
}

function artifactOf({id, blocks}: Delegated): string {
  const artifact = /^Artifact: (.+)$/m.exec(blocks[0] ?? '')?.[1];
  if (artifact === undefined) throw new Error(`the result of ${id} names no artifact`);
  return artifact;
}
