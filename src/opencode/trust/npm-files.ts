/**
 * OpenCode has npm install a package of its own into each `.opencode` folder, without scripts. What npm reads there, and
 * above it, can name a program to run, a place to send keys to, and other packages to fetch.
 */
import {join, relative} from 'node:path';
import type {Look, TrustItem} from './item.ts';
import {sha256} from './watched-files.ts';

/** What OpenCode installs. */
const OWN_PACKAGE = '@opencode-ai/plugin';
const PUBLIC_REGISTRY = 'https://registry.npmjs.org/';
const LOCKS = ['package-lock.json', 'npm-shrinkwrap.json'];
/** Read by npm as well, and written by nobody who leaves the folder to OpenCode. */
const OTHER_LOCKS = ['yarn.lock'];

const VERSION = /^(?:latest|[\w.\s^~<>=|*+-]*)$/;
/** Settings of npm and pnpm that say how to put packages where, and not which, from where, or with what. */
const INERT_NPMRC = new Set(
  `audit auto-install-peers dedupe-peer-dependents engine-strict fund git-tag-version hoist hoist-pattern
  ignore-scripts install-strategy legacy-peer-deps link-workspace-packages lockfile loglevel node-linker
  package-lock prefer-dedupe prefer-offline prefer-workspace-packages progress public-hoist-pattern
  resolution-mode save-exact save-prefix save-workspace-protocol shamefully-hoist side-effects-cache
  strict-peer-dependencies strict-peer-deps tag-version-prefix update-notifier`.split(/\s+/),
);
const INERT_PACKAGE = new Set(['name', 'version', 'description', 'license', 'author', 'private', 'type']);

/** What npm would take from a level, for the `.opencode` folder there or below it. */
export function npmItemsAt(own: string, look: Look): readonly TrustItem[] {
  const {folder, files, env} = look;
  const item = (path: string, content: Buffer | undefined): TrustItem => ({
    folder,
    name: `what npm reads in ${relative(folder, path)}`,
    digest: sha256(content ?? Buffer.of()),
  });
  const check = (path: string, isInert: (text: string) => boolean): readonly TrustItem[] => {
    const content = files.bytes(path);
    return content === undefined || isInert(content.toString('utf8')) ? [] : [item(path, content)];
  };
  const registries = registriesOf(env, files.text(join(env.HOME ?? '', '.npmrc')));
  return [
    ...(look.hasInstall ? check(join(folder, '.npmrc'), isInertNpmrc) : []),
    ...check(join(own, '.npmrc'), isInertNpmrc),
    ...check(join(own, 'package.json'), isInertPackage),
    ...LOCKS.flatMap((lock) => check(join(own, lock), (text) => isInertLock(text, registries))),
    ...OTHER_LOCKS.flatMap((lock) => check(join(own, lock), () => false)),
  ];
}

function isInertNpmrc(text: string): boolean {
  return text.split(/[\r\n]+/).every((line) => {
    const setting = line.trim();
    if (setting === '' || setting.startsWith('#') || setting.startsWith(';')) return true;
    const [name = ''] = setting.split('=');
    return INERT_NPMRC.has(name.replace(/\[\]\s*$/, '').trim()) && !setting.includes('${');
  });
}

/** True for what OpenCode writes itself, and for a description of the folder. */
function isInertPackage(text: string): boolean {
  const content = fieldsOf(parsed(text));
  return (
    content !== undefined &&
    Object.entries(content).every(([name, value]) => {
      if (name !== 'dependencies') return INERT_PACKAGE.has(name);
      const dependencies = Object.entries(fieldsOf(value) ?? {[name]: value});
      return dependencies.every(([one, version]) => one === OWN_PACKAGE && isVersion(version));
    })
  );
}

/** True where all is taken from a registry that the person uses, and nothing is linked. */
function isInertLock(text: string, registries: readonly string[]): boolean {
  const {packages, dependencies} = fieldsOf(parsed(text)) ?? {};
  const all = fieldsOf(packages);
  if (all === undefined || dependencies !== undefined) return false;
  return Object.entries(all).every(([path, value]) => {
    const {resolved, link, version = '', ...rest} = fieldsOf(value) ?? {link: true};
    const isPlace = path === '' || (path.startsWith('node_modules/') && !/(?:^|\/)\.\.?(?:\/|$)/.test(path));
    const isKnown =
      resolved === undefined ||
      (typeof resolved === 'string' && registries.some((registry) => resolved.startsWith(registry)));
    const versions = Object.entries(rest).filter(([name]) => /dependencies$/i.test(name));
    return (
      isPlace &&
      link === undefined &&
      isVersion(version) &&
      isKnown &&
      versions.every(([, names]) => areVersions(names))
    );
  });
}

function areVersions(names: unknown): boolean {
  return Object.values(fieldsOf(names) ?? {names: undefined}).every(isVersion);
}

function isVersion(value: unknown): boolean {
  return typeof value === 'string' && VERSION.test(value);
}

/** Where the person gets packages from. */
function registriesOf(env: NodeJS.ProcessEnv, npmrc: string): readonly string[] {
  const set = Object.entries(env).flatMap(([name, value]) =>
    /^npm_config_registry$/i.test(name) ? value : [],
  );
  const own = [...npmrc.matchAll(/^\s*(?:@[\w.-]+:)?registry\s*=\s*(\S+)\s*$/gm)].map(
    ([, registry]) => registry,
  );
  const named = [...set, ...own].filter((registry) => registry !== undefined && registry !== '');
  return [PUBLIC_REGISTRY, ...named.map((registry) => `${registry?.replace(/\/+$/, '')}/`)];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? {...value} : undefined;
}
