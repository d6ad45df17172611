import {expect, it} from 'vitest';
import {resultOf} from '../../src/pool/worker/results.ts';
import {aDelegation, anEnd} from '../support/fakes.ts';

const TAKEN = {worker: 'big', host: 'big', version: '1', opencode: '1', agent: 'build', model: 'p/m'};
const mirror = {heardIn: () => [], takenBy: () => TAKEN};

it('an owner is told that the worker was told to end, and to continue: its own words are of another machine', () => {
  const error = 'The server that ran it was stopped.';
  const stopped = aDelegation({state: {...anEnd(), status: 'interrupted', error}});
  const told = (isDraining: boolean) => resultOf(stopped, {id: 'calm-blue-heron', mirror, isDraining}).error;
  expect(told(true)).toMatch(/^Its worker was told to end before it was done\. Go on with continue/);
  expect(told(false)).toBe(error);
});

it('what ended otherwise while a worker ends keeps its reason, with the id that its owner knows', () => {
  const state = {...anEnd(), status: 'error', error: 'Go on with continue: "swift-amber-otter".'} as const;
  const options = {id: 'calm-blue-heron', mirror, isDraining: true};
  expect(resultOf(aDelegation({state}), options).error).toBe('Go on with continue: "calm-blue-heron".');
});
