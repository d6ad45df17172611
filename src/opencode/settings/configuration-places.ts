import {platform} from 'node:os';
import {join} from 'node:path';
import {upwards} from '../../base/upwards.ts';
import {xdgFolder} from '../../base/xdg.ts';

/** The names of OpenCode's configuration in one of its folders, or in a project's. */
const FILES = ['opencode.json', 'opencode.jsonc'];
const GLOBAL_FILES = [...FILES, 'config.json'];
/** Folders of other programs that OpenCode takes skills from. */
const SKILL_FOLDERS = ['.claude/skills', '.agents/skills'];

/** Where OpenCode's settings for a directory come from. */
export interface ConfigurationPlaces {
  /** Configurations and logins. */
  readonly files: readonly string[];
  /** Folders with agents, commands, plugins, tools and skills in folders of these names. */
  readonly folders: readonly string[];
  /** Folders of skills alone. */
  readonly skills: readonly string[];
}

/** All places in which OpenCode looks, whether there is something or not. */
export function configurationPlaces(directory: string, env: NodeJS.ProcessEnv): ConfigurationPlaces {
  const named = env.OPENCODE_CONFIG?.trim();
  const folders = configurationFolders(directory, env);
  const home = env.HOME?.trim();
  return {
    files: [
      ...upwards(directory).flatMap((folder) => FILES.map((file) => join(folder, file))),
      join(xdgFolder(env, 'XDG_DATA_HOME'), 'opencode', 'auth.json'),
      ...(named ? [named] : []),
      ...folders.flatMap((folder) => GLOBAL_FILES.map((file) => join(folder, file))),
    ],
    folders: [...new Set(folders)],
    skills: [...new Set([...(home ? [home] : []), ...upwards(directory)])].flatMap((folder) =>
      SKILL_FOLDERS.map((skills) => join(folder, skills)),
    ),
  };
}

function configurationFolders(directory: string, env: NodeJS.ProcessEnv): readonly string[] {
  const named = env.OPENCODE_CONFIG_DIR?.trim();
  const home = env.HOME?.trim();
  return [
    join(xdgFolder(env, 'XDG_CONFIG_HOME'), 'opencode'),
    ...(home ? [join(home, '.opencode')] : []),
    ...(named ? [named] : []),
    ...managed(env),
    ...upwards(directory).map((folder) => join(folder, '.opencode')),
  ];
}

/** Where the administrator of the machine puts what everybody has to have. */
function managed(env: NodeJS.ProcessEnv): readonly string[] {
  switch (platform()) {
    case 'darwin':
      return ['/Library/Application Support/opencode'];
    case 'win32':
      return [join(env.ProgramData ?? 'C:\\ProgramData', 'opencode')];
    default:
      return ['/etc/opencode'];
  }
}
