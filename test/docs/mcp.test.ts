import {describe, expect, it} from 'vitest';
import {OUTCOMES} from '../../src/delegation/model/delegation.ts';
import {URI_TEMPLATE} from '../../src/mcp/resources/uri.ts';
import {endedTask} from '../../src/mcp/tasks/ended-task.ts';
import {TASKS_EXTENSION} from '../../src/mcp/tasks/extension.ts';
import {pollIntervalMs} from '../../src/mcp/tasks/task.ts';
import {CARRIED_CHARS} from '../../src/report/answer.ts';
import {constant} from '../support/code-facts.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';
import {codes, Page} from '../support/markdown.ts';

const page = new Page('docs/mcp.md');

describe('the page about resources and tasks', () => {
  it('says for every end what the task is', () => {
    const ends = page
      .table('## Tasks')
      .flatMap(([ends = '', task = '']) => codes(ends).map((end) => [end, codes(task)[0]]));
    expect(ends.map(([end]) => end).sort()).toEqual([...OUTCOMES].sort());
    for (const [end, status] of ends) {
      const state = anEnd({status: OUTCOMES.find((outcome) => outcome === end) ?? 'completed'});
      expect(endedTask({...aDelegation(), state}, '/').status, end).toBe(status);
    }
  });

  it.each([
    `${pollIntervalMs(0) / 1_000} s at first, in ${pollIntervalMs(120_000) / 1_000} s after`,
    `up to ${CARRIED_CHARS.toLocaleString('en-US')} characters of the answer`,
    `newest first, ${constant('PAGE_ENTRIES', 'resources.ts')} a page`,
    `\`${URI_TEMPLATE}\``,
    `\`${TASKS_EXTENSION}\``,
  ])('says, as the code has it: %s', (statement) => {
    expect(page.text).toContain(statement);
  });
});
