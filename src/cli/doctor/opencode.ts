import {join} from 'node:path';
import {type Config, readConfig} from '../../config.ts';
import {LOADED_WORD} from '../../contract/loaded-word.ts';
import {chooseFrom} from '../../opencode/catalog/choosing.ts';
import {readOffer} from '../../opencode/catalog/offer.ts';
import {Secrets} from '../../opencode/secrets/secrets.ts';
import {findBinary} from '../../opencode/server/binary.ts';
import {OpenCodeServer} from '../../opencode/server/server.ts';
import {WORKTREES} from '../../store/files/project-name.ts';
import {QUIET} from '../sources/records.ts';
import {type Finding, failed, fine} from './finding.ts';
import {expectWord} from './plugin-word.ts';

/** What can be known only where OpenCode has started. */
export interface OpenCodeSays {
  /** The file of our plugin that it has loaded from the person's own configuration; `undefined` where it has loaded none. */
  readonly loadedPlugin: string | undefined;
}

/** Settings, OpenCode, that it starts, what it reads, and the model that it would use. Each rests on those before it. */
export async function* checkOpenCode(
  env: NodeJS.ProcessEnv,
): AsyncGenerator<Finding, OpenCodeSays | undefined> {
  let config: Config;
  try {
    config = readConfig(env);
    yield fine('Settings', 'All OPENCODE_DELEGATE_* variables can be used.');
  } catch (error) {
    yield failed('Settings', error);
    return undefined;
  }
  let binary: string;
  try {
    binary = await findBinary({named: config.delegation.binary, env});
    yield fine('OpenCode', `It is ${binary}.`);
  } catch (error) {
    yield failed('OpenCode', error);
    return undefined;
  }
  let server: OpenCodeServer;
  const word = expectWord();
  try {
    const begun = performance.now();
    server = await OpenCodeServer.start(optionsFor(binary, config, {...env, [LOADED_WORD]: word.file}));
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    yield fine('OpenCode starts', `Version ${server.version} has answered after ${seconds} s.`);
  } catch (error) {
    yield failed('OpenCode starts', error);
    word.forget();
    return undefined;
  }
  try {
    yield* checkConfiguration(server, config);
    return {loadedPlugin: word.read()};
  } finally {
    await server.stop();
    word.forget();
  }
}

async function* checkConfiguration(server: OpenCodeServer, config: Config): AsyncGenerator<Finding, void> {
  try {
    const offer = await readOffer(server.client, config.dataDir);
    yield fine(
      'OpenCode configuration',
      `It can be read: agents: ${offer.agents.length}, models: ${offer.models.length}.`,
    );
    try {
      const request = {directory: config.dataDir, access: 'agent'} as const;
      const {agent, model} = chooseFrom(offer, request, config.delegation);
      yield fine('Model', `${model}, with the agent ${agent}. A project may choose others.`);
    } catch (error) {
      yield failed('Model', error);
    }
  } catch (error) {
    yield failed('OpenCode configuration', error);
  }
}

/** In the data folder, which brings nothing. */
function optionsFor(binary: string, {dataDir, delegation}: Config, env: NodeJS.ProcessEnv) {
  const secrets = new Secrets(env);
  return {
    ...{binary, env, cwd: dataDir, use: 'work' as const, isAnswered: false, log: QUIET},
    readOnlyTools: delegation.readOnlyTools,
    worktrees: join(dataDir, WORKTREES),
    conceal: (text: string) => secrets.conceal(text),
  };
}
