import {parse} from 'smol-toml';
import {describe, expect, it} from 'vitest';
import {insertTomlServer, removeTomlServer} from '../../../src/cli/install/toml-edit.ts';

const NAME = 'opencode-delegate';
const ENTRY = {command: 'opencode-delegate'};

const FILES = {
  'an empty file': '',
  comments: '# mine\nmodel = "x"   # why\n',
  'CRLF line ends': '# mine\r\nmodel = "x"\r\n\r\n[tui]\r\ntheme = "y"\r\n',
  'other servers': '[mcp_servers.x]\ncommand = "x"\n# the end\n',
  'no line break at the end': 'model = "x"',
  'a text that looks like a table':
    'prompt = """\n[mcp_servers.opencode-delegate]\n"""\nat = 2026-01-01T00:00:00Z\n',
} as const;

describe('a server that is put into TOML', () => {
  it.each(Object.entries(FILES))('is the last of the file, whose text stays: %s', (_, before) => {
    const after = insertTomlServer(before, NAME, ENTRY);
    expect(after.startsWith(before)).toBe(true);
    expect(parse(after)).toMatchObject({mcp_servers: {[NAME]: ENTRY}});
  });

  it('looks as Codex writes it', () => {
    expect(insertTomlServer('# mine\nmodel = "x"   # why\n', NAME, ENTRY)).toBe(
      '# mine\nmodel = "x"   # why\n\n[mcp_servers.opencode-delegate]\ncommand = "opencode-delegate"\n',
    );
  });

  it.each(Object.entries(FILES).slice(0, 4))('can be taken back to the byte: %s', (_, before) => {
    expect(removeTomlServer(insertTomlServer(before, NAME, ENTRY), NAME)).toBe(before);
  });

  it('is taken back with its own tables, when others have come after it', () => {
    const before = 'a = 1\n';
    const after = `${insertTomlServer(before, NAME, ENTRY)}\n[mcp_servers.opencode-delegate.env]\nA = "b"\n\n# about y\n[y]\nb = 2\n`;
    expect(removeTomlServer(after, NAME)).toBe('a = 1\n\n# about y\n[y]\nb = 2\n');
  });

  it.each([
    ['servers on one line', 'mcp_servers = {x = {command = "x"}}\n'],
    ['what is no TOML', 'model = \n'],
  ])('is refused in %s', (_, before) => {
    expect(() => insertTomlServer(before, NAME, ENTRY)).toThrow(/TOML|by hand/);
  });

  it('is not taken out where a text looks like it', () => {
    const before = FILES['a text that looks like a table'];
    expect(() => removeTomlServer(insertTomlServer(before, NAME, ENTRY), NAME)).toThrow('by hand');
  });
});
