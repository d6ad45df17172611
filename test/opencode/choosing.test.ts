import {describe, expect, it} from 'vitest';
import type {ChoiceRequest} from '../../src/delegation/model/catalog.ts';
import {chooseFrom} from '../../src/opencode/catalog/choosing.ts';
import type {Offer} from '../../src/opencode/catalog/offer.ts';

const OFFER: Offer = {
  agents: [{name: 'build', mode: 'primary'}],
  models: ['acme/one', 'acme/two', 'other/free'],
  unpriced: ['other/free'],
  defaultAgent: 'build',
  defaultModel: 'acme/one',
};
const NAMES = [
  {name: 'fast', models: ['gone/x', 'acme/two', 'acme/one']},
  {name: 'deep', models: ['gone/y']},
  {name: 'lost', models: ['gone/x', 'gone/y']},
];

function choose(given: Partial<ChoiceRequest>, modelNames = NAMES) {
  const request = {directory: '/', access: 'agent' as const, ...given};
  return chooseFrom(OFFER, request, {model: undefined, modelNames, allowSubagents: false});
}

describe('a name for models', () => {
  it('stands for the first of its models that can be used, and says which cannot', () => {
    expect(choose({model: 'fast'})).toEqual({
      ...{agent: 'build', model: 'acme/two', modelName: 'fast'},
      passedOver: [{model: 'gone/x', why: 'OpenCode cannot use it here.'}],
    });
  });

  it('may be written with capitals and blanks', () => {
    expect(choose({model: ' Fast '})).toMatchObject({model: 'acme/two', modelName: 'fast'});
  });

  it('keeps the model that ran before, where it is one of its own', () => {
    expect(choose({model: 'fast', preferred: 'acme/one'})).toMatchObject({model: 'acme/one'});
    expect(choose({model: 'fast', preferred: 'other/free'})).toMatchObject({model: 'acme/two'});
  });

  it('is refused where none of its models can be used', () => {
    expect(() => choose({model: 'deep'})).toThrow(
      'OpenCode can use not "gone/y" here, which OPENCODE_DELEGATE_MODELS has for "deep". The nearest: ',
    );
    expect(() => choose({model: 'lost'})).toThrow('OpenCode can use neither "gone/x" nor "gone/y" here');
  });

  it('that is not known is refused with those that are', () => {
    expect(() => choose({model: 'quick'})).toThrow(
      /^The model "quick" \(asked for\) is not among those .* OPENCODE_DELEGATE_MODELS sets: fast, deep, lost\.$/,
    );
    expect(() => choose({model: 'quick'}, [])).not.toThrow('OPENCODE_DELEGATE_MODELS');
  });
});

it('a model that OpenCode knows no price for is chosen with that', () => {
  expect(choose({model: 'other/free'})).toEqual({agent: 'build', model: 'other/free', isPriced: false});
  expect(choose({})).toEqual({agent: 'build', model: 'acme/one'});
});
