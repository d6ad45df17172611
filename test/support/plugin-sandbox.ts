import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {execa} from 'execa';
import {type Registry, startRegistry} from './registry.ts';
import {createSandbox, type Sandbox, type SandboxOptions} from './sandbox.ts';
import {PLUGIN} from './user-opencode.ts';
import {FRONT} from './user-process.ts';

/**
 * A sandbox whose OpenCode has the plugin: by its path, or where the person is at a terminal, as they get it there,
 * by installing it and with nothing else.
 */
export async function createPluginSandbox(options: SandboxOptions): Promise<Sandbox> {
  if (FRONT === 'serve') return createSandbox({...options, config: {...options.config, plugin: [PLUGIN]}});
  const sandbox = createSandbox(options);
  const registry = await installPlugin(sandbox);
  return {
    ...sandbox,
    // With what the installation has added: the plugin.
    config: JSON.parse(readFileSync(sandbox.configFile, 'utf8')),
    async remove() {
      await registry.close();
      await sandbox.remove();
    },
  };
}

/** Runs the one command that installs the plugin. The registry that it comes from has to be closed. */
export async function installPlugin(sandbox: Sandbox): Promise<Registry> {
  const registry = await startRegistry(sandbox.root);
  writeFileSync(
    join(sandbox.env.HOME ?? '', '.npmrc'),
    `registry=${registry.url}\nfetch-retries=0\naudit=false\n`,
  );
  await execa('opencode', ['plugin', 'opencode-delegate', '--global'], {
    cwd: sandbox.project,
    env: sandbox.env,
    extendEnv: false,
    stdin: 'ignore',
  });
  return registry;
}
