import {chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {findBinary, hasBinary} from '../../src/opencode/server/binary.ts';
import {fetchBinary, ownBinary, removeBinary} from '../../src/opencode/server/own-binary.ts';
import {isDriven, TESTED_VERSION} from '../../src/opencode/server/versions.ts';
import {readText} from '../support/markdown.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'opencode-delegate-binary-')));
});

afterEach(() => {
  rmSync(root, {recursive: true, force: true});
});

function script(file: string, text: string): string {
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

const envWith = (path: string) => ({HOME: root, PATH: path});

describe('the OpenCode that is used', () => {
  const named = undefined;

  it.each([
    ['1.17.9', false],
    ['1.18.0', true],
    ['1.99.1', true],
    ['2.0.0', false],
    ['2.0.0-beta.1', false],
    ['0.9.0', false],
  ])('can be of version %s: %s', (version, can) => {
    expect(isDriven(version)).toBe(can);
  });

  it('is the one on PATH, before ours', async () => {
    const onPath = script(join(root, 'bin', 'opencode'), 'echo 1.20.0');
    const env = envWith(dirname(onPath));
    script(ownBinary(env), '');
    expect(await findBinary({named, env})).toBe(onPath);
  });

  it.each(['echo 2.0.1', 'echo 1.2.27'])('is ours where that on PATH cannot be driven: %s', async (says) => {
    const env = envWith(dirname(script(join(root, 'bin', 'opencode'), says)));
    const own = script(ownBinary(env), '');
    expect(await findBinary({named, env})).toBe(own);
  });

  it('is the one on PATH where its version cannot be told: its start says what is wrong', async () => {
    const onPath = script(join(root, 'bin', 'opencode'), 'exit 3');
    const env = envWith(dirname(onPath));
    script(ownBinary(env), '');
    expect(await findBinary({named, env})).toBe(onPath);
  });

  it('has its version read from its package, and is not started for that', async () => {
    const onPath = script(join(root, 'lib', 'bin', 'opencode'), `touch ${join(root, 'started')}`);
    writeFileSync(join(root, 'lib', 'package.json'), '{"name": "opencode-linux-x64", "version": "2.1.0"}');
    const env = envWith(dirname(onPath));
    const own = script(ownBinary(env), '');
    expect(await findBinary({named, env})).toBe(own);
    expect(await hasBinary({named: onPath, env})).toBe(false);
  });

  it('is ours before the one beside us, which is there for developers', async () => {
    const env = envWith(root);
    expect(await findBinary({named, env})).toContain('node_modules');
    const own = script(ownBinary(env), '');
    expect(await findBinary({named, env})).toBe(own);
  });

  it('is the one that was named, whatever its version', async () => {
    const other = script(join(root, 'other'), 'echo 2.0.0');
    const env = envWith(root);
    script(ownBinary(env), '');
    expect(await findBinary({named: other, env})).toBe(other);
  });
});

describe('the OpenCode that is brought', () => {
  /** Stands for npm: it puts packages where it is told to, with binaries that say this. */
  function npm(says: Record<string, string>): NodeJS.ProcessEnv {
    const lines = Object.entries(says).flatMap(([name, line]) => [
      `mkdir -p "$3/node_modules/${name}/bin"`,
      `printf '#!/bin/sh\\n${line}\\n' > "$3/node_modules/${name}/bin/opencode"`,
    ]);
    script(join(root, 'bin', 'npm'), [`echo "$@" > "${join(root, 'asked')}"`, ...lines].join('\n'));
    return envWith(`${join(root, 'bin')}:${process.env.PATH}`);
  }

  it('is the tested one, without install scripts, and the first that runs here', async () => {
    const env = npm({
      'opencode-ai': 'echo it is a placeholder',
      'opencode-linux-x64': 'kill -4 $$',
      'opencode-linux-x64-baseline': `echo ${TESTED_VERSION}`,
    });
    const place = await fetchBinary(env);
    expect(place).toBe(ownBinary(env));
    expect(await hasBinary({named: place, env})).toBe(true);
    expect(readFileSync(join(root, 'asked'), 'utf8')).toMatch(
      new RegExp(`^install --prefix \\S+ --ignore-scripts .*opencode-ai@${TESTED_VERSION}\n$`),
    );
    expect(removeBinary(env)).toBe(true);
    expect(removeBinary(env)).toBe(false);
  });

  it('is none where none runs here, and nothing is left', async () => {
    const env = npm({'opencode-linux-x64': 'echo 9.9.9'});
    await expect(fetchBinary(env)).rejects.toThrow(
      'no OpenCode that runs on this machine: opencode-linux-x64',
    );
    expect(removeBinary(env)).toBe(false);
  });

  it('is none where npm fails, which is said in its words', async () => {
    const env = npm({});
    script(join(root, 'bin', 'npm'), 'echo "npm error code EINTEGRITY" >&2; exit 1');
    await expect(fetchBinary(env)).rejects.toThrow('npm could not bring OpenCode: npm error code EINTEGRITY');
  });

  it('is the version that all tests run with', () => {
    expect(JSON.parse(readText('package.json')).devDependencies['opencode-ai']).toBe(TESTED_VERSION);
    expect(readText('docs/commands.md')).toContain(`opencode-${TESTED_VERSION}`);
  });
});
