import {Writable} from 'node:stream';

export interface FrameSinkOptions {
  readonly size: () => {readonly columns: number; readonly rows: number};
  readonly take: (frame: string) => void;
}

/** What ink takes for its terminal: it hands whole frames over here, and moves no cursor. */
export class FrameSink extends Writable {
  readonly isTTY = false;
  readonly #options: FrameSinkOptions;

  constructor(options: FrameSinkOptions) {
    super({decodeStrings: false});
    this.#options = options;
  }

  get columns(): number {
    return this.#options.size().columns;
  }

  get rows(): number {
    return this.#options.size().rows;
  }

  override _write(frame: string | Buffer, _: BufferEncoding, done: () => void): void {
    // It writes nothing at all to know when all is written.
    if (frame.length > 0) this.#options.take(String(frame));
    done();
  }
}
