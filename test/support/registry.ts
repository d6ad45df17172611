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
  close(): Promise<void>;
}

/** @param folder where the package is packed to. */
export async function startRegistry(folder: string): Promise<Registry> {
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
    stdio: 'ignore',
  });
  const packed = join(folder, `${own.name}-${own.version}.tgz`);
  const server = createServer((request, response) => {
    const [name = '', tarballOf] = decodeURIComponent(request.url ?? '')
      .slice(1)
      .split('/-/');
    const homes = homesOf(name);
    const found = homes.get((tarballOf ?? '').replace(/\.tgz$/, ''));
    if (found !== undefined) {
      response.end(found === ROOT ? readFileSync(packed) : tarball(filesIn(found)));
    } else if (homes.size > 0) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(packument(name, homes, `http://${request.headers.host}`)));
    } else {
      response.writeHead(404).end('{}');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
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
    return [version, {...rest, dist: {tarball: `${origin}/${name}/-/${version}.tgz`}}];
  });
  return {name, 'dist-tags': {latest: [...homes.keys()].at(0)}, versions: Object.fromEntries(versions)};
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
