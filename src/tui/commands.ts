import {Refusal} from '../base/errors.ts';
import {manyLines, oneLine} from '../base/safe-text.ts';
import {stateOf} from '../cli/terminal/groups.ts';
import type {ShownDelegation} from '../control/shown.ts';
import {choose} from './choose.ts';
import type {PaletteCommand} from './opencode/api.ts';
import {pageElement, textElement} from './opencode/elements.ts';
import {answerRequest} from './reply.ts';
import type {Screen} from './screen.ts';

/** The same for all: they stand together in the palette. */
const CATEGORY = 'Delegations';

/** What a person can do with one delegation, and which ones it can be done with. */
interface Action {
  /** After a slash, and in the palette. */
  readonly slash: string;
  readonly title: string;
  readonly none: string;
  fits(shown: ShownDelegation): boolean;
  act(screen: Screen, shown: ShownDelegation): void | Promise<void>;
}

const ACTIONS: readonly Action[] = [
  {
    ...{slash: 'delegation-reply', title: 'Answer a request', none: 'No delegation needs an answer.'},
    fits: ({requests}) => requests.length > 0,
    act: answerRequest,
  },
  {
    ...{slash: 'delegation-read', title: 'Read the result', none: 'No delegation has ended yet.'},
    fits: ({ended_at}) => ended_at !== undefined,
    act: read,
  },
  {
    ...{slash: 'delegation-message', title: 'Tell its agent something', none: 'No delegation runs or waits.'},
    fits: ({ended_at}) => ended_at === undefined,
    act: tell,
  },
  {
    ...{slash: 'delegation-open', title: 'Open its session', none: 'No delegation has a session yet.'},
    fits: ({session_id}) => session_id !== undefined,
    act({api}, {session_id, id}) {
      if (session_id === undefined) throw new Refusal(`${id} has no session yet.`);
      api.ui.dialog.clear();
      api.route.navigate('session', {sessionID: session_id});
    },
  },
  {
    ...{slash: 'delegation-cancel', title: 'Cancel', none: 'No delegation runs or waits.'},
    fits: ({ended_at}) => ended_at === undefined,
    act: cancel,
  },
];

/** The commands of the palette, which are slash commands as well. */
export function commandsOf(screen: Screen): readonly PaletteCommand[] {
  const command = (slashName: string, title: string, run: () => void): PaletteCommand => ({
    ...{namespace: 'palette', name: `opencode-delegate.${slashName}`, category: CATEGORY, slashName, title},
    run: () => screen.do(run),
  });
  return [
    command('delegations', 'Delegations: list', () => list(screen)),
    ...ACTIONS.map(({slash, title, none, fits, act}) =>
      command(slash, `Delegations: ${title.toLowerCase()}`, () =>
        choose(screen, {title, none, fits, onChosen: (shown) => act(screen, shown)}),
      ),
    ),
  ];
}

function list(screen: Screen): void {
  choose(screen, {
    title: 'Delegations',
    none: 'Nothing was delegated here.',
    fits: () => true,
    onChosen: (shown) => {
      const {ui} = screen.api;
      const options = ACTIONS.filter(({fits}) => fits(shown)).map((action) => ({
        title: action.title,
        value: action,
      }));
      if (options.length === 0) {
        screen.say(`${shown.id} is ${stateOf(shown).text}.`);
        return;
      }
      ui.dialog.replace(() =>
        ui.DialogSelect({
          title: oneLine(shown.title),
          options,
          onSelect: ({value}) => screen.do(() => value.act(screen, shown)),
        }),
      );
    },
  });
}

async function read({api, acting}: Screen, shown: ShownDelegation): Promise<void> {
  const text = await acting.textOf(shown);
  const title = oneLine(`${shown.title} · ${stateOf(shown).text}`);
  const parts = [shown.error, shown.caveat, text === '' ? 'It wrote nothing.' : text];
  const page = manyLines(parts.filter((part) => part !== undefined).join('\n\n'));
  api.ui.dialog.replace(() => pageElement(api, {title, text: page}));
  api.ui.dialog.setSize('xlarge');
}

function tell(screen: Screen, shown: ShownDelegation): void {
  const {ui} = screen.api;
  const onConfirm = (value: string) =>
    screen.do(async () => {
      ui.dialog.clear();
      const message = value.trim();
      if (message !== '') screen.say(await screen.acting.tell(shown, message));
    });
  const title = oneLine(`Tell ${shown.id} something`);
  const description = () => textElement(screen.api, oneLine(shown.title));
  const placeholder = 'What its agent is to know';
  ui.dialog.replace(() => ui.DialogPrompt({title, description, placeholder, onConfirm}));
  ui.dialog.setSize('large');
}

function cancel(screen: Screen, shown: ShownDelegation): void {
  const {ui} = screen.api;
  const onConfirm = () =>
    screen.do(async () => {
      const now = await screen.acting.cancel(shown);
      screen.say(`${shown.id} has ended: ${now?.status ?? 'cancelled'}.`);
    });
  const message = oneLine(`${shown.title} (${shown.id}). What its agent had written is kept.`);
  ui.dialog.replace(() => ui.DialogConfirm({title: 'Cancel this delegation?', message, onConfirm}));
}
