import type {Logger} from '../../base/log.ts';
import {NAME} from '../../base/name.ts';
import {oneLine} from '../../base/safe-text.ts';
import type {TuiApi} from './api.ts';

const SERVICE = NAME;

/** Writes to OpenCode's own log: what a plugin prints would stand across the screen. Each message is written once. */
export function screenLog(client: TuiApi['client']): Logger {
  const written = new Set<string>();
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string) => {
    const line = oneLine(message);
    if (written.has(line)) return;
    written.add(line);
    void Promise.resolve(client.app.log({service: SERVICE, level, message: line})).catch(() => {
      // There is nowhere else to say it.
    });
  };
  return {debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error')};
}
