import type {Ask, Decision} from '../../delegation/model/ask.ts';
import type {AsksMatter, DecisionsMatter, WrittenAsks, WrittenDecisions} from './schema.ts';
import {iso} from './time.ts';

export function toAsks(matter: AsksMatter): readonly Ask[] {
  return matter.map(({asked: askedAt, ...rest}) => {
    const ask = {...rest, ...(askedAt !== undefined && {askedAt})};
    if (ask.kind === 'permission') return ask;
    const questions = ask.questions.map(({multiple, ...asked}) => ({...asked, isMultiple: multiple}));
    return {...ask, questions};
  });
}

export function fromAsks(open: readonly Ask[]): WrittenAsks {
  return open.map(({askedAt, ...ask}) => {
    const times = {...(askedAt !== undefined && {asked: iso(askedAt)}), until: iso(ask.until)};
    if (ask.kind === 'permission') return {...ask, ...times};
    const questions = ask.questions.map(({isMultiple, options, ...asked}) => ({
      ...asked,
      options: [...options],
      ...(isMultiple && {multiple: true}),
    }));
    return {...ask, ...times, questions};
  });
}

export function toDecisions(matter: DecisionsMatter): readonly Decision[] {
  return matter.map(({message, ...decision}) => ({...decision, ...(message !== undefined && {message})}));
}

export function fromDecisions(made: readonly Decision[]): WrittenDecisions {
  return made.map((decision) => ({...decision, at: iso(decision.at)}));
}
