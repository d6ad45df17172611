import {oneLine} from '../base/safe-text.ts';
import {age} from '../cli/terminal/age.ts';
import {grouped, stateOf} from '../cli/terminal/groups.ts';
import {costOf} from '../cli/terminal/row.ts';
import type {ShownDelegation} from '../control/shown.ts';
import type {SelectOption} from './opencode/api.ts';
import type {Screen} from './screen.ts';
import {newestFirst, ofSession} from './view/of-session.ts';

export interface DelegationChoice {
  readonly title: string;
  /** Which can be chosen. */
  readonly fits: (shown: ShownDelegation) => boolean;
  /** What to say where none can. */
  readonly none: string;
  readonly onChosen: (shown: ShownDelegation) => void | Promise<void>;
}

/** Lets the person choose one of the session's delegations, or of all that are known where no session is shown. */
export function choose(screen: Screen, {title, fits, none, onChosen}: DelegationChoice): void {
  const {session, api} = screen;
  const all = session === undefined ? newestFirst(screen.all()) : ofSession(screen.all(), session);
  const options = optionsOf(all.filter(fits), Date.now());
  if (options.length === 0) {
    screen.say(none);
    return;
  }
  api.ui.dialog.replace(() =>
    api.ui.DialogSelect({title, options, onSelect: ({value}) => screen.do(() => onChosen(value))}),
  );
  api.ui.dialog.setSize('large');
}

/** @param now milliseconds since the epoch. */
function optionsOf(all: readonly ShownDelegation[], now: number): readonly SelectOption<ShownDelegation>[] {
  return grouped(all).flatMap(([category, members]) =>
    members.map((value) => {
      const {title, requests, activity, ended_at, started_at, created_at} = value;
      const at = age(Date.parse(ended_at ?? started_at ?? created_at), now);
      const [request] = requests;
      const about = request?.what ?? (ended_at === undefined ? activity?.last : undefined) ?? '';
      return {
        ...{title: oneLine(title), value, category, description: oneLine(about)},
        footer: [stateOf(value).text, at, costOf(value)].filter((part) => part !== '').join(' · '),
      };
    }),
  );
}
