/**
 * What OpenCode's binary gives to terminal plugins under these names, as far as it is used here. After
 * `@opentui/solid` and `solid-js` as OpenCode 1.18.33 has them; neither is installed with this package.
 */
declare module '@opentui/solid' {
  /** Something on the screen. */
  export type Element = object;
  export type Shown = Element | string | null | undefined | readonly Shown[] | (() => Shown);
  export function createElement(tag: 'box' | 'text' | 'b' | 'scrollbox'): Element;
  export function insert(parent: Element, shown: Shown): void;
  export function setProp(element: Element, name: string, value: unknown): void;
  export function effect(run: () => void): void;
}

declare module 'solid-js' {
  export function createSignal<T>(
    value: T,
    options?: {equals?: false | ((before: T, now: T) => boolean)},
  ): [() => T, (value: T) => void];
  export function createMemo<T>(
    value: () => T,
    first?: undefined,
    options?: {equals?: false | ((before: T, now: T) => boolean)},
  ): () => T;
}
