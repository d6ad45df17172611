import {describe, expect, it} from 'vitest';
import {environmentKey, hostEnvironment} from '../../src/host/environment-key.ts';

const ENV = {HOME: '/home/me', PATH: '/usr/bin:/bin', ANTHROPIC_API_KEY: 'sk-1', TERM: 'xterm'};

function keyOf(env: NodeJS.ProcessEnv, version = '1.0.0'): string {
  return environmentKey({env, version});
}

describe('the key of an environment', () => {
  it('is 16 hexadecimal digits that hold no value', () => {
    expect(keyOf(ENV)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('does not depend on the order of the variables', () => {
    expect(keyOf(Object.fromEntries(Object.entries(ENV).reverse()))).toBe(keyOf(ENV));
  });

  it('changes with the version of the package', () => {
    expect(keyOf(ENV, '1.0.1')).not.toBe(keyOf(ENV));
  });

  it.each([
    'HOME',
    'PATH',
    'SHELL',
    'XDG_CONFIG_HOME',
    'SSL_CERT_FILE',
    'NODE_EXTRA_CA_CERTS',
    'OPENCODE_CONFIG_CONTENT',
    'OPENCODE_DELEGATE_CONCURRENCY',
    'ANTHROPIC_API_KEY',
    'OPENAI_ORGANIZATION',
    'AWS_PROFILE',
    'GOOGLE_CLOUD_PROJECT',
    'AZURE_RESOURCE_NAME',
    'SOMEBODYS_TOKEN',
    'MY_CLIENT_SECRET',
    'DB_PASSWORD',
    'LLM_BASE_URL',
    'LLM_BASEURL',
    'LLM_API_HOST',
    'SERVICE_ENDPOINT',
    'https_proxy',
    'HTTPS_PROXY',
    'LLM_REGION',
    'LLM_ACCOUNT_ID',
    'LLM_ORG',
  ])('changes with %s', (name) => {
    const key = keyOf({...ENV, [name]: 'one'});
    expect(key).not.toBe(keyOf({...ENV, [name]: 'two'}));
    expect(key).not.toBe(keyOf(Object.fromEntries(Object.entries(ENV).filter(([other]) => other !== name))));
  });

  it.each([
    'TERM',
    'PWD',
    'LANG',
    'DISPLAY',
    'OPENCODE',
    'OPENCODE_PID',
    'OPENCODE_SERVER_PASSWORD',
    'XDG_SESSION_ID',
    'XDG_ACTIVATION_TOKEN',
    'XDG_VTNR',
    'XDG_RUNTIME_DIR',
    'CLAUDE_CODE_MESSAGING_TOKEN',
    'CLAUDE_CODE_MESSAGING_SOCKET',
    'STARSHIP_SESSION_KEY',
    'GEMINI_CLI',
    'GEMINI_CLI_IDE_AUTH_TOKEN',
    'XDG_SEAT',
    'SSH_AUTH_SOCK',
    'XAUTHORITY',
    'VSCODE_GIT_IPC_AUTH_TOKEN',
    'GNOME_KEYRING_CONTROL',
    'TERM_SESSION_ID',
    'npm_config_noproxy',
  ])('does not change with %s', (name) => {
    expect(keyOf({...ENV, [name]: 'something'})).toBe(keyOf(ENV));
  });

  it('is the same in two shells of which fnm has given each a folder of its own', () => {
    const pathOf = (shell: string) => `/run/user/1000/fnm_multishells/${shell}/bin:/usr/bin`;
    expect(keyOf({...ENV, PATH: pathOf('4711_1764100000000')})).toBe(keyOf({...ENV, PATH: pathOf('12_17')}));
    expect(keyOf({...ENV, PATH: '/opt/node/bin:/usr/bin'})).not.toBe(keyOf({...ENV, PATH: pathOf('12_17')}));
  });

  it('cannot be shifted from one variable to another', () => {
    expect(keyOf({A_KEY: 'bB_KEY', C_KEY: 'd'})).not.toBe(keyOf({A_KEY: 'b', B_KEY: 'C_KEYd'}));
  });
});

describe('npx', () => {
  const underNpx = (project: string): NodeJS.ProcessEnv => ({
    ...ENV,
    PATH: [
      `${project}/node_modules/.bin`,
      '/node_modules/.bin',
      '/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin',
      ENV.PATH,
    ].join(':'),
    npm_command: 'exec',
    npm_config_local_prefix: project,
    npm_lifecycle_event: 'npx',
    npm_config_registry: 'https://registry.example',
    INIT_CWD: project,
  });

  it('in two projects gives one key, which is that of a start without npx', () => {
    expect(keyOf(underNpx('/work/one'))).toBe(keyOf(underNpx('/work/two')));
    expect(keyOf(underNpx('/work/one'))).toBe(keyOf(ENV));
  });

  it('leaves nothing of its project in the environment of a host', () => {
    expect(hostEnvironment(underNpx('/work/one'))).toEqual({
      ...ENV,
      npm_config_registry: 'https://registry.example',
    });
  });

  it('is the only one whose folders are taken from PATH', () => {
    const env = {...ENV, PATH: `/mine/node_modules/.bin:${ENV.PATH}`};
    expect(hostEnvironment(env).PATH).toBe(env.PATH);
  });
});

it('a host in the environment that it is started in has the key of its client', () => {
  const env = {...ENV, npm_command: 'exec', PATH: `/p/node_modules/.bin:${ENV.PATH}`, OPENCODE_PID: '1'};
  expect(keyOf(hostEnvironment(env))).toBe(keyOf(env));
});
