import {setTimeout as pause} from 'node:timers/promises';
import {DemoClient} from './client.ts';
import {block, dim, fact, heading, ms, shortened} from './output.ts';
import {type PoolStage, poolStage} from './pool-stage.ts';
import {expectCompleted, firstLine, idIn, readToTheEnd, type Show} from './show.ts';
import {PROMPTS, WRITTEN_FILE} from './work.ts';

/** How often the pool is looked at while the work goes on there. */
const LOOK_MS = 500;

/** One piece of work, on another machine, with the lid closed. */
export async function openPoolShow(): Promise<Show> {
  const stage = await poolStage();
  const clients: DemoClient[] = [];
  const connected = async (): Promise<DemoClient> => {
    const client = new DemoClient();
    clients.push(client);
    await client.connect(stage);
    return client;
  };
  return {
    play: () => play(stage, connected),
    end: async () => {
      for (const client of clients) await client.close();
      await stage.clear();
    },
    discard: () => stage.discard(),
  };
}

async function play(stage: PoolStage, connected: () => Promise<DemoClient>): Promise<void> {
  heading('Keys are made on your machine');
  block(firstLines(await stage.command('pool', 'init'), 3));

  heading('A worker starts on another machine, with the same group.key');
  fact('worker', await stage.startWorker());
  block(await stage.command('doctor', '--pool'));

  heading('The client delegates to the pool');
  const client = await connected();
  fact('project', stage.project);
  const [prompt] = PROMPTS;
  const answer = await client.call('delegate', {prompt, where: 'pool'});
  const id = idIn(answer);
  fact('prompt', dim(shortened(prompt)));
  fact('answer', firstLine(answer.blocks));
  fact('code', answer.blocks.join('\n').match(/^Commit .*/m)?.[0] ?? '');
  fact('', dim(`after ${ms(answer.took)}`));
  fact('worker', await until(stage, /busy: 1 of/));

  heading('The lid is closed: client and host end');
  await client.close();
  fact('stop', (await stage.command('stop')).trim());
  fact('worker', await until(stage, /busy: 1 of/));
  stage.letFinish();
  fact('worker', await until(stage, /busy: 0 of/));

  heading('The lid is opened: another client reads the result');
  const next = await connected();
  const delegated = await readToTheEnd(next, id);
  for (const text of delegated.blocks) block(text);
  expectCompleted([delegated]);

  heading('Its branch is in your repository');
  block(stage.repository.git('log', '--oneline', '--stat', 'HEAD..', `delegation/${id}`));

  heading(`What it wrote into ${WRITTEN_FILE}`);
  block(stage.repository.git('show', `delegation/${id}:${WRITTEN_FILE}`));

  heading('The result is a file');
  fact('', stage.keeping);
}

/** Resolves with what the other machine sees, once it is as it should be. */
async function until(stage: PoolStage, isSo: RegExp): Promise<string> {
  for (;;) {
    const seen = await stage.seenThere();
    if (isSo.test(seen)) return seen.replace(/ · since .*/, '');
    await pause(LOOK_MS);
  }
}

function firstLines(text: string, count: number): string {
  return text.split('\n').slice(0, count).join('\n');
}
