import {createSignal} from 'solid-js';
import {ownPackage} from '../base/own-package.ts';
import {pause} from '../base/pause.ts';
import type {ControlHello} from '../cli/sources/control-client.ts';
import {RecordsOnDisk} from '../cli/sources/records.ts';
import {withoutSecret} from '../contract/stamp-secret.ts';
import type {ShownDelegation} from '../control/shown.ts';
import {environmentOfOurs, findOnPath} from '../plugin/opencode/server-entry.ts';
import {Acting} from './acting.ts';
import {commandsOf} from './commands.ts';
import {Feed} from './feed.ts';
import type {TuiApi} from './opencode/api.ts';
import {linesElement, type ScreenLine} from './opencode/elements.ts';
import {screenLog} from './opencode/screen-log.ts';
import {Screen} from './screen.ts';
import {Announcements} from './view/announcements.ts';
import {badgeLines} from './view/badge.ts';
import {sidebarLines} from './view/sidebar.ts';

/** Below OpenCode's own parts that say how the session stands (to 300), above its to-dos and files. */
const ORDER = 350;
/** How often it is looked whether OpenCode has read its configuration. */
const READY_MS = 250;

/** Told once in this process, also where the plugin is switched off and on again. */
const announcements = new Announcements();

interface Package {
  /** The bin beside the plugin. */
  readonly main: string;
  /** The package.json of this package. */
  readonly manifest: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Shows the delegations of a person's sessions on OpenCode's screen, from now until OpenCode disposes of it. */
export function showDelegations(api: TuiApi, {main, manifest, env}: Package): void {
  const {signal} = api.lifecycle;
  const log = screenLog(api.client);
  const [shown, setShown] = createSignal<{all: readonly ShownDelegation[]; now: number}>({all: [], now: 0});
  const guarded = (lines: () => readonly ScreenLine[]) => () => {
    try {
      return lines();
    } catch (error) {
      log.error(`not drawn: ${error}`);
      return [];
    }
  };
  api.slots.register({
    order: ORDER,
    slots: {
      sidebar_content: (_, given) =>
        linesElement(
          api,
          guarded(() => {
            announcements.lookedAt(given.session_id);
            const {all, now} = shown();
            return sidebarLines(all, {session: given.session_id, now});
          }),
        ),
      session_prompt_right: (_, given) =>
        linesElement(
          api,
          guarded(() => {
            announcements.lookedAt(given.session_id);
            return badgeLines(shown().all, given.session_id);
          }),
        ),
    },
  });
  const onChange = (all: readonly ShownDelegation[]) => {
    setShown({all, now: Date.now()});
    for (const news of announcements.newsIn(all)) void api.attention.notify(news);
  };
  void (async () => {
    while (!api.state.ready && !signal.aborted) await pause(READY_MS, {signal});
    if (signal.aborted) return;
    const hello = helloOf(api, {main, manifest, env});
    const records = new RecordsOnDisk(hello.env);
    const acting = new Acting({hello, records, main, node: findOnPath('node', env)});
    api.keymap.registerLayer({commands: commandsOf(new Screen({api, log, acting, all: () => shown().all}))});
    await new Feed({hello, records, log, signal, onChange}).run();
  })().catch((error: unknown) => log.error(`the terminal plugin has stopped: ${error}`));
}

/** The host is where the entry of our server sends it, which need not be where this process is. */
function helloOf(api: TuiApi, {main, manifest, env}: Package): ControlHello {
  const {mcp} = api.state.config;
  const entries = typeof mcp === 'object' && mcp !== null ? {mcp: {...mcp}} : {};
  return {
    version: ownPackage(manifest).version,
    cwd: api.state.path.directory,
    env: withoutSecret({...env, ...environmentOfOurs(entries, main)}),
  };
}
