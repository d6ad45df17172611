/** The database cannot be asked at the moment. What was asked for may or may not have happened: ask again. */
export class PoolUnreachable extends Error {
  override readonly name = 'PoolUnreachable';
}

/** The database has taken nothing of it, because it has no room. */
export class PoolFull extends Error {
  override readonly name = 'PoolFull';
}

/** The lease is no longer this worker's: it was not renewed in time, or the job was forgotten. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';

  constructor(id: string) {
    super(`The pool has taken job ${id} for lost, because its lease was not renewed in time.`);
  }
}

/** The job has been withdrawn or forgotten. It is never taken on again under this id. */
export class JobOver extends Error {
  override readonly name = 'JobOver';

  constructor(id: string) {
    super(`Job ${id} is over: the pool has forgotten it, and takes nothing more for it.`);
  }
}

/** There is no such file, or it has not arrived whole. */
export class FileMissing extends Error {
  override readonly name = 'FileMissing';

  constructor(id: string, name: string) {
    super(`The pool has no whole file "${name}" for job ${id}.`);
  }
}
