import {describe, expect, it} from 'vitest';
import {readConfig, VARIABLES} from '../../src/config.ts';
import {ACCESSES} from '../../src/delegation/model/access.ts';
import {MAX_TIMEOUT_MINUTES, STATUSES} from '../../src/delegation/model/delegation.ts';
import {MAX_PROMPT_CHARS} from '../../src/delegation/submit/input.ts';
import {MAX_OPEN} from '../../src/delegation/submit/register.ts';
import {instructionsFor} from '../../src/mcp/instructions.ts';
import {TOOL_DEFINITIONS} from '../../src/mcp/server.ts';
import {constant, defaultOf, maximumOf, oldestOpenCode, parametersOf} from '../support/code-facts.ts';
import {codes, Page} from '../support/markdown.ts';

/** Every client carries these texts in each conversation. */
const MAX_DEFINITION_CHARS = 6_000;
const MB = 1024 * 1024;

const tools = new Page('docs/tools.md');

describe('the page about tools', () => {
  const rows = tools.table('# Tools');

  it('has those that the server offers, in the same order', () => {
    expect(rows.map(([name = '']) => codes(name))).toEqual(TOOL_DEFINITIONS.map(({name}) => [name]));
  });

  it.each(TOOL_DEFINITIONS)('gives $name exactly its parameters, with their defaults', ({name: tool}) => {
    const row = rows.find(([name]) => name === `\`${tool}\``);
    expect(codes(row?.[1] ?? '')).toEqual(parametersOf(tool));
  });

  it('explains every parameter of delegate', () => {
    const explained = tools.table('## Parameters of `delegate`').map(([name = '']) => codes(name)[0]);
    expect(explained).toEqual(parametersOf('delegate').map((parameter) => /^\w+/.exec(parameter)?.[0]));
  });
});

it('the tools cost a model less than 6,000 characters, with the instructions', () => {
  const cost = JSON.stringify(TOOL_DEFINITIONS).length + instructionsFor('wait').length;
  expect(cost).toBeLessThan(MAX_DEFINITION_CHARS);
});

it('the page about settings has every variable with the text that the code has for it', () => {
  const rows = new Page('docs/settings.md').table('# Settings');
  expect(Object.fromEntries(rows.map(([name = '', meaning]) => [codes(name)[0], meaning]))).toEqual(
    VARIABLES,
  );
  expect(rows).toHaveLength(Object.keys(VARIABLES).length);
});

it('the page about delegations explains every status', () => {
  const rows = new Page('docs/delegations.md').table('# The life of a delegation');
  expect(rows.map(([status = '']) => codes(status)[0])).toEqual([...STATUSES]);
});

it('the page about access explains every access', () => {
  const rows = new Page('docs/access-and-worktrees.md').table('# Access and worktrees');
  expect(rows.map(([access = '']) => codes(access)[0])).toEqual([...ACCESSES]);
});

describe('the pages state the numbers that the code has', () => {
  const {host, delegation} = readConfig({OPENCODE_DELEGATE_ON_ASK: 'wait'});
  const {asking} = delegation;
  const timeout = defaultOf('delegate', 'timeout_minutes');
  it.each([
    ['delegations', `${timeout} minutes unless the call says otherwise`],
    ['delegations', `${host.concurrency} run at once`],
    ['delegations', `a report of ${constant('REPORT_CHARS')} characters or more`],
    ['requests', `not answered in ${asking.on === 'wait' && asking.ms / 1_000} seconds`],
    ['queues', `its own limit of ${host.concurrency} at once`],
    ['queues', `(${host.concurrency} by default)`],
    ['queues', `${MAX_OPEN.toLocaleString('en-US')} delegations in a project`],
    ['queues', `${constant('MAX_EQUAL_CALLS')} times in a row`],
    ['troubleshooting', `${MAX_OPEN.toLocaleString('en-US')} delegations in a project`],
    ['tools', `A page has ${defaultOf('delegation_read', 'max_chars').toLocaleString('en-US')} characters`],
    ['tools', `(${maximumOf('delegation_read', 'max_chars').toLocaleString('en-US')} at most)`],
    ['tools', `up to ${MAX_PROMPT_CHARS.toLocaleString('en-US')} characters`],
    ['tools', `up to ${MAX_TIMEOUT_MINUTES} (24 hours). | ${timeout} |`],
    ['tools', `up to ${constant('SHORT_WAIT_SECONDS')} s for all other clients`],
    [
      'tools',
      `up to ${maximumOf('delegation_read', 'wait_seconds') / 3_600} hours for OpenCode and Claude Code`,
    ],
    ['tools', `waits up to ${constant('ROOTS_MS') / 1_000} seconds`],
    ['tools', `every ${constant('TICK_MS', 'progress-ticker.ts') / 1_000} s when nothing changes`],
    ['tools', `more than ${constant('FEW_FILES')} records`],
    ['troubleshooting', `may take up to ${constant('LAST_ANSWERS_MS') / 1_000} seconds`],
    ['troubleshooting', `OpenCode is older than ${oldestOpenCode()}`],
    ['processes', `${host.hostIdleMs / 1_000} seconds after the last client has gone`],
    ['processes', `rotated at ${constant('MAX_BYTES', 'log-file.ts') / MB} MB`],
    ['access-and-worktrees', `more than ${constant('MAX_BYTES', 'inside.ts') / MB} MB`],
    ['plugin', `up to ${constant('MESSAGE_CHARS', 'end-notices.ts').toLocaleString('en-US')} characters`],
  ])('docs/%s.md: %s', (page, statement) => {
    expect(new Page(`docs/${page}.md`).text).toContain(statement);
  });
});
