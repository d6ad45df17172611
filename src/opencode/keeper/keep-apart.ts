const DATA_HOME = 'XDG_DATA_HOME';

/**
 * Has OpenCode keep its log, what it puts aside of long outputs and whatever else it writes in a folder. It looks where
 * that is when it is loaded, and never again; so all that it starts can have the person's place.
 * @returns puts the person's place back. To be called when OpenCode is loaded and has started nothing.
 */
export function keepApart(folder: string, env: NodeJS.ProcessEnv = process.env): () => void {
  const theirs = env[DATA_HOME];
  env[DATA_HOME] = folder;
  return () => {
    if (theirs === undefined) delete env[DATA_HOME];
    else env[DATA_HOME] = theirs;
  };
}
