import {oneLine} from './safe-text.ts';

/** Where a log line goes. stdout is never one of the places: it belongs to the protocol. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A logger of one line a record. Lines below the level are dropped. Prompts and results never go here. */
export function createLogger({level, write}: {level: LogLevel; write: (line: string) => void}): Logger {
  const threshold = LOG_LEVELS.indexOf(level);
  const at = (name: Exclude<LogLevel, 'silent'>) => (message: string) => {
    if (LOG_LEVELS.indexOf(name) < threshold) return;
    write(`${new Date().toISOString()} ${name} ${oneLine(message)}\n`);
  };
  return {debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error')};
}
