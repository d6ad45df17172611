/**
 * Sees to it that the terminal is given back however the process ends: `restore` is called on a crash before its words
 * are printed, and at the exit. What it returns ends that.
 */
export function giveBackAtEnd(restore: () => void): () => void {
  process.on('uncaughtExceptionMonitor', restore);
  process.on('exit', restore);
  return () => {
    process.off('uncaughtExceptionMonitor', restore);
    process.off('exit', restore);
  };
}
