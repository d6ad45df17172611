import {expect, it} from 'vitest';
import {renderEntry} from '../../../src/mcp/render/entry.ts';
import {aDelegation, anEnd} from '../../support/fakes.ts';

it('a title has none of the marks that stand after one', () => {
  const title = 'Done [unread] [other session]';
  const read = aDelegation({title, readAt: 1, parent: {session: 'ses_1', pid: 1}, state: anEnd()});
  expect(renderEntry(read, {now: 1, session: 'ses_1'})).not.toContain('[');
  const {readAt: _, ...unread} = read;
  const [line = ''] = renderEntry(unread, {now: 1, session: 'ses_2'}).split('\n');
  expect(line).toMatch(/Done \(unread\) \(other session\) \[unread\] \[other session\]$/);
});
