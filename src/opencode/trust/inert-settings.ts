/**
 * The settings of OpenCode that are known to run, load, fetch and send nothing. All others need trust: so does one that
 * a later OpenCode has, and one that nobody has thought of.
 */
import type {Node} from 'jsonc-parser';

/** What a text may hold all the same, as far as its place in the configuration says. */
export interface TextCheck {
  /** True for a text that takes nothing from outside of the repository. */
  readonly isOwn: (text: string) => boolean;
  /** True for a path or a pattern that lies in the repository. */
  readonly isInside: (path: string) => boolean;
}

/** Returns the parts of a setting that are not known to be inert: nothing of one that is. */
type Shape = (node: Node, check: TextCheck) => readonly Node[];

/** Any value that takes nothing from elsewhere. */
const data: Shape = (node, check) => {
  if (node.type === 'string') return check.isOwn(node.value) ? [] : [node];
  if (node.type === 'array') return childrenOf(node).flatMap((child) => data(child, check));
  return propertiesOf(node).flatMap(({name, value}) => (isOdd(name) ? [value] : data(value, check)));
};

const nothing: Shape = (node) => [node];

const path: Shape = (node, {isInside}) => (node.type === 'string' && isInside(node.value) ? [] : [node]);

const only =
  (allowed: boolean): Shape =>
  (node) =>
    node.value === allowed ? [] : [node];

const list =
  (inner: Shape): Shape =>
  (node, check) =>
    node.type === 'array' ? childrenOf(node).flatMap((child) => inner(child, check)) : [node];

/** Entries with names that anybody may choose. */
const named =
  (inner: Shape): Shape =>
  (node, check) =>
    node.type === 'object'
      ? propertiesOf(node).flatMap(({name, value}) => (isOdd(name) ? [value] : inner(value, check)))
      : [node];

/** Exactly these settings, or fewer. */
const settings =
  (known: Readonly<Record<string, Shape>>): Shape =>
  (node, check) =>
    node.type === 'object'
      ? propertiesOf(node).flatMap(
          ({name, value}) => (Object.hasOwn(known, name) ? known[name] : nothing)?.(value, check) ?? [],
        )
      : [node];

/** Shown, and trusted, as one thing. */
const whole =
  (inner: Shape): Shape =>
  (node, check) =>
    inner(node, check).length === 0 ? [] : [node];

const either =
  (one: Shape, other: Shape): Shape =>
  (node, check) =>
    one(node, check).length === 0 ? [] : other(node, check);

/** Formatters and language servers: all that can be said without a command is that one is not to be used. */
const switchedOff = either(only(false), named(whole(settings({disabled: only(true)}))));

/** How a model is to think and to write. Others can say where it is asked: `baseURL` can. */
const modelOptions = settings({
  disabled: data,
  effort: data,
  include: data,
  max_tokens: data,
  maxOutputTokens: data,
  reasoning: data,
  reasoning_effort: data,
  reasoningEffort: data,
  reasoningSummary: data,
  store: data,
  temperature: data,
  textVerbosity: data,
  thinking: data,
  thinkingConfig: data,
  top_k: data,
  top_p: data,
  topK: data,
  topP: data,
});

/** Without what says where it is asked, with which package, and what is sent along. */
const provider = settings({
  name: data,
  whitelist: data,
  blacklist: data,
  options: settings({timeout: data, headerTimeout: data, chunkTimeout: data, setCacheKey: data}),
  models: named(
    settings({
      id: data,
      name: data,
      family: data,
      release_date: data,
      attachment: data,
      reasoning: data,
      temperature: data,
      tool_call: data,
      interleaved: data,
      cost: data,
      limit: data,
      modalities: data,
      experimental: data,
      status: data,
      options: modelOptions,
      variants: named(modelOptions),
    }),
  ),
});

const configuration = settings({
  $schema: data,
  agent: data,
  agents: data,
  attachment: data,
  attachments: data,
  autoshare: data,
  autoupdate: data,
  // A command runs, with the commands that its text has in it, when somebody gives it: no delegation does.
  command: data,
  commands: data,
  compaction: data,
  default_agent: data,
  disabled_providers: data,
  enabled_providers: data,
  experimental: settings({
    batch_tool: data,
    continue_loop_on_deny: data,
    disable_paste_summary: data,
    mcp_timeout: data,
    primary_tools: data,
    subagent_depth: data,
  }),
  formatter: switchedOff,
  instructions: list(path),
  keybinds: data,
  layout: data,
  logLevel: data,
  lsp: switchedOff,
  mcp: named(whole(settings({enabled: only(false)}))),
  mode: data,
  model: data,
  permission: data,
  plugin: list(nothing),
  plugins: list(nothing),
  provider: named(whole(provider)),
  providers: named(nothing),
  reference: named(nothing),
  references: named(nothing),
  share: data,
  skills: either(list(path), settings({paths: list(path), urls: list(nothing)})),
  small_model: data,
  snapshot: data,
  snapshots: data,
  subagent_depth: data,
  theme: data,
  tool_output: data,
  tools: data,
  tui: data,
  username: data,
  watcher: data,
});

/** The parts of a configuration that need trust, each with where it stands. */
export function settingsToTrust(root: Node, check: TextCheck): readonly Node[] {
  return configuration(root, check);
}

export interface Property {
  readonly name: string;
  readonly value: Node;
}

/** What an object has in it; nothing of what is none. */
export function propertiesOf(node: Node): readonly Property[] {
  if (node.type !== 'object') return [];
  return childrenOf(node).flatMap(({children: [key, value] = []}) =>
    key === undefined || value === undefined ? [] : [{name: String(key.value), value}],
  );
}

export function childrenOf(node: Node): readonly Node[] {
  return node.children ?? [];
}

/** A name that is no entry where a parser assigns it, but what the object takes all others from. */
function isOdd(name: string): boolean {
  return name === '__proto__';
}
