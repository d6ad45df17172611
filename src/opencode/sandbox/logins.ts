import {randomBytes} from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {realPathSync} from '../../base/real-path.ts';

/** Beside OpenCode's sessions: what the person has logged in to, of model providers and of MCP servers. */
export const [LOGINS, SERVER_LOGINS] = ['auth.json', 'mcp-auth.json'];

const FILE_MODE = 0o600;
const MAX_BYTES = 1024 * 1024;
/** A login that is renewed on one side is soon of no use on the other. */
const LOOK_MS = 500;
/** What an agent has put there is not followed, and a pipe is not waited for. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What `auth.json` has for each provider. */
type Logins = Readonly<Record<string, unknown>>;

/** What OpenCode changes when it renews a login. */
interface Renewal {
  readonly access: string;
  readonly refresh: string;
  readonly expires: number;
}

/**
 * What the person has logged in with, for OpenCode in a sandbox. It is a copy: an entry of another kind can have
 * OpenCode take its configuration from an address, and run what that names, also outside of the sandbox. Only what
 * renews a login goes back.
 */
export class SandboxLogins {
  readonly #theirs: string;
  readonly #copy: string;

  /**
   * @param theirs the person's file, which need not be there.
   * @param copy where OpenCode inside has it, in a folder that agents write in.
   */
  constructor(theirs: string, copy: string) {
    this.#theirs = theirs;
    this.#copy = copy;
  }

  /** Brings renewals home, and makes the copy what the person's file is. */
  provide(): void {
    this.#agree('replaced');
  }

  /** Does so whenever one of both has changed, until the function is called that is returned. */
  keep(onError: (error: unknown) => void): () => void {
    const agree = (unreadable: Unreadable) => {
      try {
        this.#agree(unreadable);
      } catch (error) {
        onError(error);
      }
    };
    let seen = '';
    const timer = setInterval(() => {
      const now = `${versionOf(this.#theirs)} ${versionOf(this.#copy)}`;
      if (now !== seen) agree('left');
      seen = now;
    }, LOOK_MS).unref();
    return () => {
      clearInterval(timer);
      agree('replaced');
    };
  }

  #agree(unreadable: Unreadable): void {
    const path = realPathSync(this.#theirs);
    const theirs = loginsIn(path);
    if (theirs === undefined) {
      if (!existsSync(path)) rmSync(this.#copy, {recursive: true, force: true});
      return;
    }
    const inside = loginsIn(this.#copy);
    if (inside === undefined && unreadable === 'left' && existsSync(this.#copy)) return;
    const renewed = withRenewals(theirs, inside ?? {});
    if (!isSame(renewed, theirs)) replace(path, renewed);
    if (isSame(renewed, inside)) return;
    // A folder cannot be replaced by a file.
    if (inside === undefined) rmSync(this.#copy, {recursive: true, force: true});
    replace(this.#copy, renewed);
  }
}

/** What becomes of a copy that cannot be read: OpenCode may be writing it, or an agent have put something there. */
type Unreadable = 'left' | 'replaced';

/** The logins, with those renewed that are further on in what comes from a sandbox. */
export function withRenewals(theirs: Logins, inside: Logins): Logins {
  return Object.fromEntries(
    Object.entries(theirs).map(([name, login]) => {
      const [mine, other] = [renewalIn(login), renewalIn(Object.hasOwn(inside, name) && inside[name])];
      const isNewer = mine !== undefined && other !== undefined && other.expires > mine.expires;
      return [name, isNewer ? {...Object(login), ...other} : login];
    }),
  );
}

function renewalIn(login: unknown): Renewal | undefined {
  if (typeof login !== 'object' || login === null) return undefined;
  const {type, access, refresh, expires}: Partial<Record<string, unknown>> = {...login};
  const isComplete = type === 'oauth' && typeof access === 'string' && typeof refresh === 'string';
  return isComplete && Number.isFinite(expires) ? {access, refresh, expires: Number(expires)} : undefined;
}

/** `undefined` for what is no such file. */
function loginsIn(path: string): Logins | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, FLAGS);
    const stats = fstatSync(file);
    if (!stats.isFile() || stats.size > MAX_BYTES) return undefined;
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? {...value} : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** In one step, and whatever is there now. */
function replace(path: string, logins: Logins): void {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(beside, JSON.stringify(logins, null, 2), {flag: 'wx', mode: FILE_MODE});
    renameSync(beside, path);
  } finally {
    rmSync(beside, {force: true});
  }
}

/** Changes when the file does. */
function versionOf(path: string): string {
  try {
    const {ino, size, mtimeMs} = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    // Not there, or a link that leads in a circle.
    return '';
  }
}

function isSame(one: Logins, other: Logins | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
