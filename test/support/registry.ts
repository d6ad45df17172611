import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {z} from 'zod';
import {tarball} from './tarball.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const manifest = z.looseObject({name: z.string(), version: z.string()});

const own = manifestIn(ROOT);
const lock = z
  .object({packages: z.record(z.string(), z.unknown())})
  .parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));

/** A package registry on loopback that has this package as it would be published, and what it depends on. */
export interface Registry {
  readonly url: string;
  /** How often it was asked for anything of this package. */
  readonly requests: () => number;
  /** Has it offer this version of the package, as the latest one, beside the one that it has. */
  publish(version: string): void;
  close(): Promise<void>;
}

/** @param folder where the package is packed to. */
export async function startRegistry(folder: string): Promise<Registry> {
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
    stdio: 'ignore',
  });
  const packed = join(folder, `${own.name}-${own.version}.tgz`);
  const published: string[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    const [name = '', tarballOf] = decodeURIComponent(request.url ?? '')
      .slice(1)
      .split('/-/');
    const homes = homesOf(name);
    if (name === own.name) requests += 1;
    const later = name === own.name ? published : [];
    const [laterOne] = later.filter((version) => tarballOf === `${version}.tgz`);
    const found = homes.get((tarballOf ?? '').replace(/\.tgz$/, ''));
    if (laterOne !== undefined) {
      response.end(tarball(builtAs(laterOne)));
    } else if (found !== undefined) {
      response.end(found === ROOT ? readFileSync(packed) : tarball(filesIn(found)));
    } else if (homes.size > 0) {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(packument(name, homesWith(later, homes), `http://${request.headers.host}`)),
      );
    } else {
      response.writeHead(404).end('{}');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests: () => requests,
    publish: (version) => published.unshift(version),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Where npm has put each version of a package, by version. */
function homesOf(name: string): ReadonlyMap<string, string> {
  const homes = Object.keys(lock.packages)
    .filter((path) => (name === own.name ? path === '' : path.endsWith(`node_modules/${name}`)))
    .map((path) => join(ROOT, path))
    .filter((home) => existsSync(join(home, 'package.json')));
  return new Map(homes.map((home) => [manifestIn(home).version, home]));
}

function packument(name: string, homes: ReadonlyMap<string, string>, origin: string): unknown {
  const versions = [...homes].map(([version, home]) => {
    const {scripts: _, devDependencies: __, ...rest} = manifestIn(home);
    return [version, {...rest, version, dist: {tarball: `${origin}/${name}/-/${version}.tgz`}}];
  });
  return {name, 'dist-tags': {latest: [...homes.keys()].at(0)}, versions: Object.fromEntries(versions)};
}

/** The latest one first. */
function homesWith(
  later: readonly string[],
  homes: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map([...later.map((version) => [version, ROOT] as const), ...homes]);
}

/** This package as it was built, with another version. */
function builtAs(version: string) {
  const built = filesIn(join(ROOT, 'dist')).map((file) => ({...file, path: `dist/${file.path}`}));
  const content = Buffer.from(JSON.stringify({...manifestIn(ROOT), version}));
  return [{path: 'package.json', content, isExecutable: false}, ...built];
}

function manifestIn(home: string): z.output<typeof manifest> {
  return manifest.parse(JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')));
}

function filesIn(home: string) {
  return readdirSync(home, {recursive: true, encoding: 'utf8'})
    .filter((path) => !path.split('/').includes('node_modules') && statSync(join(home, path)).isFile())
    .map((path) => ({
      path,
      content: readFileSync(join(home, path)),
      isExecutable: (statSync(join(home, path)).mode & 0o100) !== 0,
    }));
}
