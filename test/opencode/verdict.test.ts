import type {AssistantMessage, Part, ToolPart} from '@opencode-ai/sdk/v2/client';
import {describe, expect, it} from 'vitest';
import type {Transcript, TranscriptMessage} from '../../src/opencode/transcript/transcript.ts';
import {conclude, concludeUnended, judgeTurn} from '../../src/opencode/transcript/verdict.ts';

const REPORT = `Report. ${'A finding, with its reason. '.repeat(40)}`.trim();
const FINDING = `The discount is applied twice: ${'in total() and again in render(), '.repeat(4)}.`;

interface Step {
  readonly text?: string;
  /** Calls this tool, and so ends no turn. */
  readonly tool?: string;
  readonly finish?: string;
  readonly summary?: true;
}

let count = 0;

function messageOf({text = '', tool, finish = tool === undefined ? 'stop' : 'tool-calls', summary}: Step) {
  const id = `msg_${++count}`;
  const ids = {sessionID: 'ses_1', messageID: id};
  const parts: Part[] = text === '' ? [] : [{...ids, id: `prt_${count}`, type: 'text', text}];
  if (tool !== undefined) parts.push({...ids, id: `call_${count}`, type: 'tool', tool} as ToolPart);
  const info = {
    ...{id, sessionID: 'ses_1', role: 'assistant', providerID: 'p', modelID: 'm', finish},
    ...{time: {created: count, completed: count}, ...(summary && {summary})},
  } as AssistantMessage;
  return {info, parts} satisfies TranscriptMessage;
}

/** The user message with which OpenCode begins a compaction. */
function compaction(): TranscriptMessage {
  const id = `msg_${++count}`;
  const part = {id: `prt_${count}`, sessionID: 'ses_1', messageID: id, type: 'compaction', auto: true};
  const info = {id, sessionID: 'ses_1', role: 'user', time: {created: count}} as TranscriptMessage['info'];
  return {info, parts: [part as Part]};
}

function userMessage(text: string, more: Partial<Part> = {}): TranscriptMessage {
  const id = `msg_${++count}`;
  const part = {id: `prt_${count}`, sessionID: 'ses_1', messageID: id, type: 'text', text, ...more};
  const info = {id, sessionID: 'ses_1', role: 'user', time: {created: count}} as TranscriptMessage['info'];
  return {info, parts: [part as Part]};
}

const COMPACTED = 'compacted';

type Happening = Step | typeof COMPACTED | TranscriptMessage;

function transcriptOf(...steps: Happening[]): Transcript {
  return steps.flatMap((step) => {
    if (step === COMPACTED) return [compaction(), messageOf({text: 'A summary.', summary: true})];
    return ['info' in step ? step : messageOf(step)];
  });
}

const answerTo = (...steps: Happening[]) => {
  const verdict = judgeTurn(transcriptOf(...steps));
  return verdict.is === 'answered' ? verdict.text : verdict;
};

describe('the answer', () => {
  it.each<[string, string, ...Happening[]]>([
    ['is what was said at last', 'Found.', {tool: 'bash', text: 'Let me look.'}, {text: 'Found.'}],
    [
      'has the report that was written before the last call',
      `${REPORT}\n\nDone.`,
      {tool: 'bash', text: REPORT},
      {text: 'Done.'},
    ],
    [
      'has every report before words that say no more than that it is done',
      `One. ${REPORT}\n\nTwo. ${REPORT}\n\nDone.`,
      {tool: 'bash', text: `One. ${REPORT}`},
      {tool: 'bash', text: `Two. ${REPORT}`},
      {text: 'Done.'},
    ],
    [
      'has the finding before such words, though it is short for a report',
      `${FINDING}\n\nDone.`,
      {tool: 'bash', text: FINDING},
      {text: 'Done.'},
    ],
    [
      'has what was written beside the agent’s own notes',
      'It is line 42.\n\nDone.',
      {tool: 'todowrite', text: 'It is line 42.'},
      {text: 'Done.'},
    ],
    [
      'is what was said at last alone where that is longer than all before',
      `${REPORT} And more.`,
      {tool: 'bash', text: REPORT.slice(20)},
      {text: `${REPORT} And more.`},
    ],
    [
      'has the report of a step that a compaction followed',
      `${REPORT}\n\nDone.`,
      {tool: 'bash', text: REPORT},
      COMPACTED,
      {text: 'Done.'},
    ],
    [
      'goes on after a compaction',
      'The whole answer.\n\nI have no next steps.',
      {text: 'The whole answer.'},
      COMPACTED,
      {text: 'I have no next steps.'},
    ],
    [
      'is there once where it is said again after a compaction',
      'Again: The whole answer. And more.',
      {text: 'The whole answer.'},
      COMPACTED,
      {text: 'Again: The whole answer. And more.'},
    ],
    [
      'is not taken for said again where a few characters stand in another text by chance',
      '42\n\nI looked at 1429 files.',
      {text: '42'},
      COMPACTED,
      {text: 'I looked at 1429 files.'},
    ],
    ['may be a sign', '✅', {tool: 'bash', text: 'Let me look.'}, {text: '✅'}],
    ['may be a full stop where there is nothing else', '.', {text: '.'}],
  ])('%s', (_, answer, ...steps) => {
    expect(answerTo(...steps)).toBe(answer);
  });

  it.each([
    ['', 'The last message of the agent was empty; this is what it wrote before.'],
    ['\u200b\ufeff \n', 'The last message of the agent was empty; this is what it wrote before.'],
    ['.', 'The last message of the agent said nothing; this is what it wrote before.'],
  ])('is what was written before a last message of %j, and says so', (last, caveat) => {
    const transcript = transcriptOf({tool: 'bash', text: 'What I found.'}, {text: last});
    expect(judgeTurn(transcript)).toEqual({is: 'answered', text: 'What I found.', caveat});
  });

  it.each(['', '\u200b\ufeff\u2060', '\n\n \t'])('is none where all that was written is %j', (text) => {
    expect(answerTo({text})).toEqual({
      is: 'failed',
      error: 'p/m ended its turn (stop) without writing an answer.',
    });
  });

  it('that is cut off says so, also where OpenCode compacted the conversation afterwards', () => {
    const cut = {text: 'The first ha', finish: 'length'};
    expect(judgeTurn(transcriptOf(cut))).toMatchObject({
      caveat: expect.stringMatching(/^It is cut off: p\/m reached its output limit\./),
    });
    expect(judgeTurn(transcriptOf(cut, COMPACTED, {text: 'I have no next steps.'}))).toMatchObject({
      text: 'The first ha\n\nI have no next steps.',
      caveat: expect.stringMatching(/^An earlier part of it is cut off: p\/m reached its output limit\./),
    });
  });
});

describe('a turn of which no more will come', () => {
  it('keeps the answer before a compaction, and says that it was cut off', () => {
    const transcript = transcriptOf({text: 'The first ha', finish: 'length'}, COMPACTED);
    const verdict = conclude({is: 'failed', error: 'No credit is left.'}, transcript);
    expect(verdict).toMatchObject({is: 'answered', text: 'The first ha'});
    expect(verdict).toMatchObject({
      caveat: expect.stringMatching(/came to no end: No credit is left\. An earlier part of it is cut off/),
    });
  });

  it('has failed where the agent took up work again', () => {
    const transcript = transcriptOf({text: 'First half.'}, COMPACTED, {tool: 'bash'});
    expect(conclude({is: 'failed', error: 'No credit is left.'}, transcript).is).toBe('failed');
  });

  it('that was asked for in vain has the first text, once', () => {
    const again = {text: 'The answer.', finish: 'unknown'};
    expect(concludeUnended(transcriptOf(again, again, again), 'In vain.')).toMatchObject({
      is: 'answered',
      text: 'The answer.',
    });
    expect(concludeUnended(transcriptOf({text: '\u200b', finish: 'unknown'}), 'In vain.')).toEqual({
      is: 'failed',
      error: 'In vain.',
    });
  });
});

describe('words that somebody else writes to an agent at work', () => {
  const prompt = userMessage('Find it.');
  const words = userMessage('And who are you?');

  it('are no reason to lose the answer, and are said with it', () => {
    expect(judgeTurn(transcriptOf(prompt, {text: 'Found.'}, words, {text: 'An agent.'}))).toEqual({
      is: 'answered',
      text: 'Found.\n\nAn agent.',
      caveat:
        'While it worked, somebody else wrote to the agent in its session ("And who are you?"). This may answer that, and its own work may not be done: delegate with its id as continue has the agent go on.',
    });
  });

  it('leave the answer as it was where what they led to has failed', () => {
    const transcript = transcriptOf(prompt, {text: 'Found.'}, words);
    expect(conclude({is: 'failed', error: 'No credit is left.'}, transcript)).toMatchObject({
      text: 'Found.',
      caveat: expect.stringMatching(
        /^After this answer somebody else had the agent go on, which came to no end: No credit is left\. .*And who/,
      ),
    });
  });

  it.each([
    ['what OpenCode writes', userMessage('Continue.', {synthetic: true})],
    ['the prompt, sent once more', userMessage('Find it.')],
  ])('are not %s', (_, message) => {
    expect(judgeTurn(transcriptOf(prompt, {tool: 'bash'}, message, {text: 'Found.'}))).toEqual({
      is: 'answered',
      text: 'Found.',
    });
  });
});

describe('a message to the agent', () => {
  const message = () =>
    userMessage('In French.', {metadata: {delegation: 'calm-red-fox', message: 1}} as never);

  it('makes what it answers then the answer, whatever it had written before', () => {
    expect(answerTo(userMessage('Greet'), {text: REPORT}, message(), {text: 'Bonjour.'})).toBe('Bonjour.');
    const worked = [
      userMessage('Greet'),
      {text: REPORT},
      message(),
      {tool: 'bash'},
      COMPACTED,
      {text: 'Bonjour.'},
    ];
    expect(answerTo(...(worked as never[]))).toBe('Bonjour.');
  });

  it('that it was not given leaves the answer before it, and says nothing of a stranger', () => {
    const turn = transcriptOf(userMessage('Greet'), {text: 'Hello.'}, message());
    expect(judgeTurn(turn)).toEqual({is: 'open'});
    const concluded = conclude(judgeTurn(turn), turn);
    expect(concluded).toMatchObject({is: 'answered', text: 'Hello.'});
    expect(JSON.stringify(concluded)).not.toContain('somebody else');
  });

  it('that it was given and did not answer to the end leaves no answer', () => {
    const turn = transcriptOf(userMessage('Greet'), {text: 'Hello.'}, message(), {
      text: 'Bon',
      finish: 'unknown',
    });
    expect(conclude(judgeTurn(turn), turn)).toEqual({is: 'open'});
  });
});
