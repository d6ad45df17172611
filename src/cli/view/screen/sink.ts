import {Writable} from 'node:stream';
import type {FullScreen} from './full-screen.ts';

/** What ink takes for its terminal: it writes whole frames here, and the screen finds out what has changed in them. */
export class FrameSink extends Writable {
  /** Nothing that ink would write to move a cursor comes here. */
  readonly isTTY = false;
  readonly #screen: FullScreen;

  constructor(screen: FullScreen) {
    super({decodeStrings: false});
    this.#screen = screen;
  }

  get columns(): number {
    return this.#screen.size.columns;
  }

  get rows(): number {
    return this.#screen.size.rows;
  }

  override _write(frame: string | Buffer, _: BufferEncoding, done: () => void): void {
    // It writes nothing at all to know when all is written.
    if (frame.length > 0) this.#screen.draw(String(frame));
    done();
  }
}
