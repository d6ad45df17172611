import {expect, it} from 'vitest';
import {Findings} from './findings.ts';
import {Random} from './random.ts';
import {Work} from './work.ts';

/** Its first prompt is answered at once. */
const SEED = 13;

it('finds a first turn that is asked for twice, and none where tools have answered', async () => {
  const findings = new Findings({seed: SEED, tell: () => {}});
  const work = new Work(findings);
  const {mark, prompt} = work.invent(new Random(SEED));
  const asked = {model: 'm', tools: [], sizes: {}, prompt, system: '', toolResults: []};
  const first = {...asked, messages: [{role: 'user', content: prompt}]};
  await work.answer(first);
  await work.answer({
    ...asked,
    toolResults: [mark],
    messages: [...first.messages, {role: 'tool', content: mark}],
  });
  expect(findings.all).toEqual([]);
  await work.answer(first);
  expect(findings.all).toMatchObject([{invariant: 'doubled'}]);
});
