import {execFileSync} from 'node:child_process';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {ROOT, stage} from './staged.ts';

/** Checks manifests and packs bundles. MCPB names another one, a path say. */
const MCPB =
  process.env.MCPB === undefined ? ['npx', '--yes', '@anthropic-ai/mcpb@2.1.2'] : [process.env.MCPB];
const OUT = join(ROOT, 'bundles');

/** Builds what is attached to a release: the bundle for Claude Desktop and others, and the extension for Gemini CLI. */
function bundles(): void {
  stage('mcpb', join(OUT, 'mcpb'));
  mcpb('validate', join(OUT, 'mcpb', 'manifest.json'));
  mcpb('pack', join(OUT, 'mcpb'), join(OUT, 'opencode-delegate.mcpb'));
  stage('gemini', join(OUT, 'gemini'));
  rmSync(join(OUT, 'opencode-delegate.tar.gz'), {force: true});
  execFileSync('tar', ['-czf', join(OUT, 'opencode-delegate.tar.gz'), '-C', join(OUT, 'gemini'), '.']);
}

function mcpb(...args: readonly string[]): void {
  const [program = '', ...first] = MCPB;
  execFileSync(program, [...first, ...args], {stdio: 'inherit'});
}

bundles();
