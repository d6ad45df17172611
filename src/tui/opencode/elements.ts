import {createElement, type Element, effect, insert, type Shown, setProp} from '@opentui/solid';
import {createMemo} from 'solid-js';
import type {ThemeColor, TuiApi} from './api.ts';

/** A line on the screen. What others have written in it is on one line already, and as wide as there is room. */
export interface ScreenLine {
  readonly text: string;
  readonly color: ThemeColor;
  readonly isBold?: boolean;
}

/** Lines below each other that are drawn again when they have changed, and only then; nothing where there are none. */
export function linesElement(api: TuiApi, lines: () => readonly ScreenLine[]): Shown {
  const shown = createMemo(lines, undefined, {
    equals: (before, now) => JSON.stringify(before) === JSON.stringify(now),
  });
  return () => {
    if (shown().length === 0) return null;
    const box = createElement('box');
    for (const line of shown()) insert(box, lineElement(api, line));
    return box;
  };
}

/** Text of many lines, which are wrapped where they are too long. */
export function textElement(api: TuiApi, text: string): Element {
  const element = createElement('text');
  effect(() => setProp(element, 'fg', api.theme.current.text));
  setProp(element, 'wrapMode', 'word');
  insert(element, text);
  return element;
}

/** A page of text that the person can scroll, for a dialog. */
export function pageElement(api: TuiApi, {title, text}: {title: string; text: string}): Element {
  const box = createElement('box');
  setProp(box, 'paddingLeft', 2);
  setProp(box, 'paddingRight', 2);
  setProp(box, 'paddingBottom', 1);
  setProp(box, 'gap', 1);
  insert(box, lineElement(api, {text: title, color: 'text', isBold: true}));
  const page = createElement('scrollbox');
  setProp(page, 'height', Math.max(5, Math.floor(api.renderer.height / 2) - 4));
  insert(page, textElement(api, text));
  insert(box, page);
  insert(box, lineElement(api, {text: '↑↓ scroll · esc close', color: 'textMuted'}));
  // Keys go to it once it is on the screen.
  queueMicrotask(() => setProp(page, 'focused', true));
  return box;
}

function lineElement(api: TuiApi, {text, color, isBold = false}: ScreenLine): Element {
  const element = createElement('text');
  effect(() => setProp(element, 'fg', api.theme.current[color]));
  setProp(element, 'wrapMode', 'none');
  const inner = isBold ? createElement('b') : element;
  insert(inner, text);
  if (isBold) insert(element, inner);
  return element;
}
