import type {Logger} from '../../base/log.ts';
import {NAME} from '../../base/name.ts';
import {oneLine} from '../../base/safe-text.ts';
import type {PluginClient} from './hooks.ts';

const SERVICE = NAME;

/** Writes to OpenCode's own log, which is where its users look. */
export function pluginLog(client: PluginClient): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string) => {
    // There is nowhere else to say that a line could not be logged: the screen belongs to OpenCode.
    void Promise.resolve(client.app.log({body: {service: SERVICE, level, message: oneLine(message)}})).catch(
      () => {},
    );
  };
  return {debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error')};
}
