/**
 * Makes dist, as `npm run build`: all that is published beside the documents. The programs are bundled, so that an
 * install is one package and a start reads few files; TypeScript's output is only on the way there.
 */
import {execSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {cpSync, readFileSync, rmSync} from 'node:fs';
import {build} from 'esbuild';
import {writeNotices} from './third-party-notices.js';

const COMMON = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  metafile: true,
  logLevel: 'warning',
};

/** Of modules, what is not used is left out; of CommonJS, all of it comes along. */
const FROM_MODULES = {mainFields: ['module', 'main']};

/** What is loaded when it is needed, each from its own file; what several need lies in files that they share. */
const PROGRAMS = [
  'app/in-process.js',
  'app/host.js',
  'app/worker.js',
  'link/start.js',
  'cli/run-command.js',
  'cli/view/view.js',
  'opencode/read-only/guard.js',
  'opencode/keeper/keeper.js',
  'store/record/record.js',
];

/** Those of them that the bridge loads. */
const BEHIND_BRIDGE = PROGRAMS.slice(0, 5);

/** Bundled CommonJS asks for Node's own modules by `require`, which a module does not have. */
const WITH_REQUIRE =
  "import {createRequire as requireOf} from 'node:module';const require=requireOf(import.meta.url);";

const programs = () =>
  build({
    ...COMMON,
    ...FROM_MODULES,
    entryPoints: PROGRAMS.map((path) => `build/${path}`),
    splitting: true,
    // Without identifiers: the names of functions stay readable in stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    define: {'process.env.NODE_ENV': '"production"'},
    external: ['react-devtools-core', 'ws', 'bullmq', 'pg', 'ioredis'],
    banner: {js: WITH_REQUIRE},
    outbase: 'build',
    outdir: 'dist',
  });

/** What every client starts: a few files in one, without those that it loads only when it needs them. */
async function bridge() {
  const made = await build({
    ...COMMON,
    entryPoints: ['build/bin.js'],
    external: BEHIND_BRIDGE.map((path) => `./build/${path}`),
    allowOverwrite: true,
    outfile: 'build/bin.js',
  });
  cpSync('build/bin.js', 'dist/bin.js');
  return made;
}

/** What a client starts before each prompt; src/main.ts loads it. */
const hook = () =>
  build({
    ...COMMON,
    entryPoints: ['build/hook/run-hook.js'],
    minify: true,
    format: 'cjs',
    outfile: 'dist/hook/run-hook.cjs',
  });

/** The command itself: it knows which hook it belongs to. */
const main = () =>
  build({
    ...COMMON,
    entryPoints: ['build/main.js'],
    minify: true,
    format: 'cjs',
    external: ['./bin.js', './store/record/record.js'],
    define: {HOOK_DIGEST: JSON.stringify(digestOf('dist/hook/run-hook.cjs'))},
    outfile: 'dist/main.cjs',
  });

/** OpenCode loads each of its plugins from one file. */
const plugin = () =>
  build({
    ...COMMON,
    ...FROM_MODULES,
    entryPoints: ['src/plugin.ts'],
    minify: true,
    outfile: 'dist/plugin.js',
  });

/** OpenCode finds what it provides by a pattern that wants blanks, so these stay. */
const terminalPlugin = () =>
  build({
    ...COMMON,
    ...FROM_MODULES,
    entryPoints: ['src/tui.ts'],
    minifySyntax: true,
    minifyIdentifiers: true,
    external: ['@opentui/solid', 'solid-js'],
    outfile: 'dist/tui.js',
  });

const digestOf = (path) => createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
const remove = (folder) => rmSync(folder, {recursive: true, force: true});

remove('build');
remove('dist');
execSync('tsc -p tsconfig.build.json', {stdio: 'inherit'});
const made = [];
for (const bundle of [programs, bridge, hook, main, plugin, terminalPlugin]) made.push(await bundle());
const metafiles = made.map(({metafile}) => metafile);
writeNotices('dist/THIRD-PARTY-NOTICES.txt', metafiles);
remove('build');
