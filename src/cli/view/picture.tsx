import {type Instance, render} from 'ink';
import type {Terminal} from '../terminal/terminal.ts';
import {App} from './app.tsx';
import {layoutOf} from './draw/frame.ts';
import type {Area} from './draw/paint.ts';
import {type PartName, partLines, shapeOf} from './draw/parts.ts';
import type {FullScreen} from './screen/full-screen.ts';
import {composed, markOf, placesIn, type ScreenPlace} from './screen/places.ts';
import {FrameSink} from './screen/sink.ts';
import type {ViewState} from './state/state.ts';
import type {ToldKey} from './state/stroke.ts';

const PARTS: readonly PartName[] = ['title', 'list', 'rule', 'detail', 'page', 'status'];

export interface PictureOptions {
  readonly screen: FullScreen;
  readonly terminal: Terminal;
  readonly onKey: (input: string, key: ToldKey) => void;
  /** Called with a fault of the layout, which ends it. */
  readonly onFault: (error: Error) => void;
}

/** What the terminal shows of a state: ink lays the parts out when that has to be done, and their lines are put in. */
export class Picture {
  readonly #options: PictureOptions;
  #ink: Instance | undefined;
  #places: readonly (ScreenPlace | undefined)[] = [];
  /** What was laid out last. */
  #laidOut = '';

  constructor(options: PictureOptions) {
    this.#options = options;
  }

  /** The whole screen, as large as it is now. */
  area(): Area {
    const {screen, terminal} = this.#options;
    return {...screen.size, now: Date.now(), paint: (look, text) => terminal.paint(look, text)};
  }

  /** Takes keyboard and screen at the first call, and shows the state. */
  show(state: ViewState): void {
    const {screen} = this.#options;
    const area = this.area();
    const {columns, rows} = area;
    this.#layOut(state, area);
    const lines = partLines(state, area);
    const layout = layoutOf(area);
    const parts = PARTS.flatMap((name, part) => {
      const place = this.#places[part];
      const shown = lines[name];
      const width = name === 'list' ? layout.list.columns : columns;
      return place === undefined || shown === undefined ? [] : [{place, lines: shown, columns: width}];
    });
    screen.draw(composed(parts, rows));
  }

  /** Gives both back. Idempotent. */
  close(): void {
    const ink = this.#ink;
    this.#ink = undefined;
    this.#laidOut = '';
    this.#options.screen.leave();
    ink?.unmount();
    if (process.stdin.isRaw) process.stdin.setRawMode(false);
  }

  #layOut(state: ViewState, area: Area): void {
    const {screen, onKey, onFault} = this.#options;
    const shape = shapeOf(state.shown, area);
    const wanted = `${shape} ${area.columns} ${area.rows}`;
    if (wanted === this.#laidOut) return;
    this.#laidOut = wanted;
    const mark = (part: PartName) => markOf(PARTS.indexOf(part));
    const app = <App {...{shape, layout: layoutOf(area), mark, onKey}} />;
    if (this.#ink !== undefined) {
      this.#ink.rerender(app);
      return;
    }
    screen.enter();
    const take = (frame: string) => {
      this.#places = placesIn(frame, PARTS.length);
    };
    const sink: unknown = new FrameSink({size: () => screen.size, take});
    // With `debug`, it hands over whole frames at once, and leaves the cursor alone.
    const options = {debug: true, exitOnCtrlC: false, patchConsole: false};
    this.#ink = render(app, {...options, stdout: sink as NodeJS.WriteStream});
    this.#ink.waitUntilExit().catch(onFault);
  }
}
