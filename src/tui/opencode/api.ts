import type {Element, Shown} from '@opentui/solid';

/**
 * What OpenCode gives to a terminal plugin, as far as it is used here. After `TuiPluginApi` in `dist/tui.d.ts` of
 * `@opencode-ai/plugin` 1.18.33, which would bring OpenTUI along for its types alone.
 */
export interface TuiApi {
  readonly attention: {notify(input: Attention): Promise<unknown>};
  readonly keymap: {registerLayer(layer: {commands: readonly PaletteCommand[]}): unknown};
  readonly route: {
    navigate(name: 'session', params: {sessionID: string}): void;
    readonly current: {readonly name: string; readonly params?: {readonly sessionID?: unknown}};
  };
  readonly ui: {
    DialogConfirm(props: ConfirmProps): Element;
    DialogPrompt(props: PromptProps): Element;
    DialogSelect<Value>(props: SelectProps<Value>): Element;
    toast(input: {variant: 'info' | 'success' | 'warning' | 'error'; message: string}): void;
    readonly dialog: {
      replace(render: () => Element): void;
      clear(): void;
      setSize(size: 'medium' | 'large' | 'xlarge'): void;
    };
  };
  readonly state: {
    /** False until OpenCode has answered for the first time; the rest may not be asked for before. */
    readonly ready: boolean;
    readonly config: {readonly mcp?: unknown};
    readonly path: {readonly directory: string};
  };
  readonly theme: {readonly current: Readonly<Record<ThemeColor, unknown>>};
  readonly client: {
    readonly app: {
      log(line: {
        service: string;
        level: 'debug' | 'info' | 'warn' | 'error';
        message: string;
      }): Promise<unknown>;
    };
  };
  readonly renderer: {readonly height: number};
  readonly slots: {register(plugin: {order: number; slots: Slots}): unknown};
  readonly lifecycle: {readonly signal: AbortSignal};
}

export type ThemeColor = 'text' | 'textMuted' | 'success' | 'error' | 'warning' | 'info';

/** What may be drawn where, each given the session that is shown. */
interface Slots {
  sidebar_content(context: unknown, given: {readonly session_id: string}): Shown;
  session_prompt_right(context: unknown, given: {readonly session_id: string}): Shown;
}

/** A desktop notice with a sound, where the person has switched them on. */
export interface Attention {
  readonly title: string;
  readonly message: string;
  readonly sound: {readonly name: 'permission' | 'question' | 'error' | 'subagent_done'};
}

/** A command of the palette, and after a slash in the prompt. */
export interface PaletteCommand {
  readonly namespace: 'palette';
  readonly name: string;
  readonly title: string;
  readonly category: string;
  readonly slashName: string;
  run(): void;
}

interface ConfirmProps {
  readonly title: string;
  readonly message: string;
  /** OpenCode closes the dialog after it. */
  onConfirm(): void;
}

interface PromptProps {
  readonly title: string;
  readonly description: () => Element;
  readonly placeholder: string;
  onConfirm(value: string): void;
}

export interface SelectOption<Value> {
  readonly title: string;
  readonly value: Value;
  readonly description?: string;
  readonly footer?: string;
  readonly category?: string;
}

interface SelectProps<Value> {
  readonly title: string;
  readonly options: readonly SelectOption<Value>[];
  onSelect(option: SelectOption<Value>): void;
}
