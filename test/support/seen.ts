import * as z from 'zod';
import {readText} from './markdown.ts';
import {type ModelRequest, textOf} from './scripted-model.ts';
import {PREFIX} from './user-opencode.ts';

const calls = z.array(z.object({function: z.object({name: z.string(), arguments: z.string()})}));
const COLUMN = 11;

/** The conversation as the model had it with a request, as docs/plugin.md shows one. */
export function renderSeen({messages}: ModelRequest): string {
  return messages
    .filter(({role}) => role !== 'system')
    .flatMap((message) => {
      const {role, content} = message;
      const called = 'tool_calls' in message ? calls.parse(message.tool_calls) : [];
      // OpenCode's own words to an agent go with the message.
      const text = textOf(content)
        .replace(/<system-reminder>.*?<\/system-reminder>/gs, '')
        .trimEnd();
      const said = text === '' ? [] : [text];
      const made = called.map(
        (call) => `${call.function.name.replace(PREFIX, '')} ${call.function.arguments}`,
      );
      return [...said, ...made].map((text) => `${role.padEnd(COLUMN)}${indented(text)}`);
    })
    .join('\n');
}

/** The conversation that docs/plugin.md shows, with those ids in the place of its own. */
export function shownTranscript(ids: readonly string[]): string {
  const transcript = /^ *```\n( *user {7}.*?)\n *```$/ms.exec(readText('docs/plugin.md'))?.[1] ?? '';
  const margin = /^ */.exec(transcript)?.[0].length ?? 0;
  const lines = transcript.split('\n').map((line) => line.slice(margin));
  const own = [...new Set(transcript.match(/[a-z]+-[a-z]+-[a-z]+(?= · running)/g))];
  return own.reduce((text, id, n) => text.replaceAll(id, ids[n] ?? id), lines.join('\n'));
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line, n) => (n === 0 || line === '' ? line : ' '.repeat(COLUMN) + line))
    .join('\n');
}
