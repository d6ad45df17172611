import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {DemoClient} from './client.ts';
import {block, bold, dim, fact, heading, ms, print, shortened} from './output.ts';
import {artifactOf, expectCompleted, firstLine, idIn, readToTheEnd, type Show} from './show.ts';
import type {Stage} from './stage.ts';
import {PROMPTS, WRITTEN_FILE} from './work.ts';

/** So much of a file is shown. */
const SHOWN_LINES = 12;

/** Two pieces of work at once, on this machine. */
export function twoPieces({stage, isLive}: {stage: Stage; isLive: boolean}): Show {
  const client = new DemoClient();
  return {
    play: () => play({client, stage, isLive}),
    end: async () => {
      await client.close();
      await stage.clear();
    },
    discard: () => stage.discard(),
  };
}

async function play({
  client,
  stage,
  isLive,
}: {
  client: DemoClient;
  stage: Stage;
  isLive: boolean;
}): Promise<void> {
  heading('The client connects');
  await client.connect(stage);
  fact('server', client.server);
  fact('tools', (await client.tools()).join(', '));
  fact('project', stage.project);

  heading('It delegates two pieces of work');
  const ids: string[] = [];
  for (const prompt of PROMPTS) {
    const answer = await client.call('delegate', {prompt});
    const {blocks, took} = answer;
    const id = idIn(answer);
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
  expectCompleted(delegated);

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
