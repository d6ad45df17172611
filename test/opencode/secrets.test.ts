import {execFileSync, spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {concealed} from '../../src/opencode/secrets/concealed.ts';
import {isSecretName, keyIn} from '../../src/opencode/secrets/looks-secret.ts';
import {Secrets} from '../../src/opencode/secrets/secrets.ts';

const KEY = 'sk-canary-0123456789';

/** A home with these files, and what is concealed there in a text that is the key. */
function shown(
  files: Readonly<Record<string, string>>,
  env: Record<string, string> = {},
  text = `it said ${KEY}, twice: ${KEY}`,
): string {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'secrets-')));
  onTestFinished(() => rmSync(home, {recursive: true}));
  for (const [name, content] of Object.entries({...files, 'project/x': ''})) {
    mkdirSync(dirname(join(home, name)), {recursive: true});
    writeFileSync(join(home, name), content);
  }
  const secrets = new Secrets({HOME: home, ...env});
  secrets.learn(join(home, 'project'));
  return secrets.conceal(text);
}

const withheld = (name: string) => `it said [withheld: ${name}], twice: [withheld: ${name}]`;

it.each([
  ['the configuration of a project', 'project/opencode.json', {}],
  ['what one refers to', 'pipe', {'project/opencode.json': '{"provider": {"apiKey": "{file:~/pipe}"}}'}],
])('nothing is read from a pipe in the place of %s, which could keep the host for ever', (_, pipe, files) => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'secrets-')));
  mkdirSync(join(home, 'project'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content);
  execFileSync('mkfifo', [join(home, pipe)]);
  // Anyone who reads it is let go at once.
  const settings = JSON.stringify({provider: {apiKey: KEY}});
  const script = `printf %s '${pipe === 'pipe' ? KEY : settings}' > '${join(home, pipe)}'`;
  const writer = spawn('sh', ['-c', script], {stdio: 'ignore'});
  onTestFinished(() => {
    writer.kill();
    rmSync(home, {recursive: true});
  });
  const secrets = new Secrets({HOME: home});
  secrets.learn(join(home, 'project'));
  expect(secrets.conceal(KEY)).toBe(KEY);
});

describe('a key is withheld, and named by where it was found', () => {
  const settings = (apiKey: string) => JSON.stringify({provider: {acme: {options: {apiKey}}}});
  const IN_CONFIG = 'provider.acme.options.apiKey';

  it.each([
    ['a variable', {}, {ACME_API_KEY: KEY}, 'ACME_API_KEY'],
    ['the configuration', {'.config/opencode/opencode.json': settings(KEY)}, {}, IN_CONFIG],
    [
      'a configuration with a fault',
      {'.config/opencode/opencode.json': `${settings(KEY).slice(0, -1)},,`},
      {},
      IN_CONFIG,
    ],
    ['a project', {'project/opencode.jsonc': `// mine\n${settings(KEY)}`}, {}, IN_CONFIG],
    ['a configuration in a variable', {}, {OPENCODE_CONFIG_CONTENT: settings(KEY)}, IN_CONFIG],
    [
      'a variable that the configuration names',
      {'project/opencode.json': settings('Bearer {env:ODD}')},
      {ODD: KEY},
      IN_CONFIG,
    ],
    [
      'a file that the configuration names',
      {'project/opencode.json': settings('{file:~/odd.txt}'), 'odd.txt': `${KEY}\n`},
      {},
      IN_CONFIG,
    ],
    [
      'a login',
      {'.local/share/opencode/auth.json': JSON.stringify({acme: {type: 'oauth', access: KEY}})},
      {},
      'acme.access',
    ],
    [
      'an address in a variable',
      {},
      {DATABASE_URL: `postgres://me:${KEY}@h.example/db`, OTHER_URL: 'https://h.example/'},
      'DATABASE_URL',
    ],
    [
      'settings in a variable',
      {},
      {AICORE_SERVICE_KEY: `{ "clientid": "me", "clientsecret": "${KEY}" }`},
      'AICORE_SERVICE_KEY.clientsecret',
    ],
    ['a login in a variable', {}, {OPENCODE_AUTH_CONTENT: JSON.stringify({acme: {key: KEY}})}, 'acme.key'],
    [
      'an address',
      {'project/opencode.json': JSON.stringify({mcp: {acme: {url: `https://a.example/?api_key=${KEY}`}}})},
      {},
      'mcp.acme.url',
    ],
  ])('in %s', (_, files, env, name) => {
    expect(shown(files, env)).toBe(withheld(name));
  });

  it('as a whole, where it begins with another one', () => {
    const env = {A_KEY: KEY, B_KEY: `${KEY}-and-more`};
    expect(shown({}, env, `${KEY}-and-more ${KEY}`)).toBe('[withheld: B_KEY] [withheld: A_KEY]');
  });

  it('in JSON, which stays JSON', () => {
    const key = `with "quotes" and \\`.replaceAll(' ', '_');
    expect(JSON.parse(shown({}, {ACME_TOKEN: key}, JSON.stringify({said: key})))).toEqual({
      said: '[withheld: ACME_TOKEN]',
    });
  });

  it('unless it is a part of the path that is worked in, which OpenCode names in all it says', () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'a-project-of-mine-')));
    onTestFinished(() => rmSync(home, {recursive: true}));
    const secrets = new Secrets({HOME: home, PROJECT_KEY: basename(home), OTHER_KEY: KEY});
    secrets.learn(home);
    expect(secrets.conceal(`${home} ${KEY}`)).toBe(`${home} [withheld: OTHER_KEY]`);
  });

  it('also when it has been changed since', () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'secrets-')));
    onTestFinished(() => rmSync(home, {recursive: true}));
    const secrets = new Secrets({HOME: home});
    for (const key of [KEY, `${KEY}-of-today`]) {
      writeFileSync(join(home, 'opencode.json'), settings(key));
      secrets.learn(home);
    }
    expect(secrets.conceal(KEY)).toBe(`[withheld: ${IN_CONFIG}]`);
  });
});

describe('a key that comes later is withheld as well', () => {
  const settings = (apiKey: string) => JSON.stringify({provider: {acme: {options: {apiKey}}}});
  const [IN_LOGIN, IN_STORE] = ['.local/share/opencode/auth.json', '.local/share/opencode/mcp-auth.json'];

  it.each([
    ['in a configuration that was looked at before', {'project/opencode.json': settings(KEY)}],
    ['in a login that was renewed', {[IN_LOGIN]: JSON.stringify({acme: {type: 'oauth', access: KEY}})}],
    ['in a login of an MCP server', {[IN_STORE]: JSON.stringify({acme: {token: KEY}})}],
    ['in a file that the configuration names', {key: KEY}],
  ])('%s', (_, later: Readonly<Record<string, string>>) => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'secrets-')));
    onTestFinished(() => rmSync(home, {recursive: true}));
    const put = (files: Readonly<Record<string, string>>) => {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(home, name)), {recursive: true});
        writeFileSync(join(home, name), content);
      }
    };
    put({
      'project/opencode.json': settings('sk-first'),
      '.config/opencode/opencode.json': settings('{file:~/key}'),
    });
    put({[IN_LOGIN]: JSON.stringify({acme: {type: 'oauth', access: 'sk-first'}}), key: 'sk-first'});
    // What has been as it is for a minute is not read again while it stays so.
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    onTestFinished(() => clock.mockRestore());
    const secrets = new Secrets({HOME: home});
    secrets.learn(join(home, 'project'));
    secrets.learn(join(home, 'project'));
    put(later);
    secrets.learn(join(home, 'project'));
    expect(secrets.conceal(KEY)).toMatch(/^\[withheld: /);
  });
});

describe('what looks like a key', () => {
  it.each([
    'ACME_API_KEY',
    'apiKey',
    'GITHUB_TOKEN',
    'x-auth-token',
    'AWS_SECRET_ACCESS_KEY',
    'Authorization',
    ...[
      'AWS_BEARER_TOKEN_BEDROCK',
      'AZURE_OPENAI_API_KEY_EU',
      'AICORE_SERVICE_KEY',
      'OPENAI_KEY_2',
      'PGPASSWORD',
    ],
    ...['APITOKEN', 'clientsecret', 'JWT', 'MY_PASS', 'DB_PWD', 'SLACK_WEBHOOK', 'npm_config__authToken'],
    ...['GOOGLE_APPLICATION_CREDENTIALS_JSON', 'DOTENV_PRIVATE_KEY_CI'],
  ])('is called %s', (name) => expect(isSecretName(name)).toBe(true));

  it.each([
    'KEY_TYPE',
    'AUTH_PROVIDER',
    'MONKEY',
    'KEYBOARD',
    'PATH',
    'tokenizer',
    'SSH_AUTH_SOCK',
    'TOKENIZERS_PARALLELISM',
    'TOKEN_URL',
    'SECRET_NAME',
    'AWS_ACCESS_KEY_ID',
    'PASSWORD_FILE',
    'BYPASS',
    'COMPASS',
  ])('is not called %s', (name) => expect(isSecretName(name)).toBe(false));

  it.each(['postgres', 'development', 'a text that is long enough', '/etc/passwd', process.execPath])(
    'is no value like %s, which would go missing in answers',
    (value) => expect(keyIn(value)).toBeUndefined(),
  );

  it('may have blanks in it, where it is the text of a private key', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----';
    expect(keyIn(`${key}\n`)).toBe(key);
  });

  it('may be a header, without its scheme', () => {
    expect(keyIn(`Bearer ${KEY}`)).toBe(KEY);
  });
});

describe('an answer of OpenCode', () => {
  const conceal = (text: string) => text.replaceAll(KEY, '[withheld]');
  const answering = (body: string | ReadableStream<Uint8Array>, type: string) =>
    concealed(conceal)(new Response(body, {headers: {'content-type': type}}));

  it('comes without the key', async () => {
    const response = await answering(JSON.stringify({said: KEY}), 'application/json');
    expect(await response.json()).toEqual({said: '[withheld]'});
  });

  it.each([1, 7, 1_000])('comes without it as a stream in pieces of %i bytes', async (size) => {
    const bytes = new TextEncoder().encode(`data: é ${KEY}\n\ndata: ${KEY}\n\ndata: the end`);
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const response = await answering(stream, 'text/event-stream');
    expect(await response.text()).toBe('data: é [withheld]\n\ndata: [withheld]\n\ndata: the end');
  });

  it('that is a stream can be left, and its source hears of it', async () => {
    let isLeft = false;
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: x\n\n')),
      cancel: () => {
        isLeft = true;
      },
    });
    const response = await answering(stream, 'text/event-stream');
    await response.body?.cancel();
    expect(isLeft).toBe(true);
  });
});
