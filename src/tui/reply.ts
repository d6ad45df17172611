import {manyLines, oneLine} from '../base/safe-text.ts';
import type {ShownDelegation} from '../control/shown.ts';
import type {PersonAnswer} from './acting.ts';
import {pageElement, textElement} from './opencode/elements.ts';
import type {Screen} from './screen.ts';

/** A request of more lines does not fit into a dialog, and nobody allows what they have not seen. */
const MAX_LINES = 12;

/** Asks the person for an answer to the oldest request of a delegation, and gives it. */
export function answerRequest(screen: Screen, shown: ShownDelegation): void {
  const [request] = shown.requests;
  if (request === undefined) {
    screen.say(`${shown.id} asks for nothing.`);
    return;
  }
  const {ui} = screen.api;
  const details = manyLines([request.what, ...request.details].join('\n'));
  if (details.split('\n').length > MAX_LINES) {
    const title = `Answer with: opencode-delegate reply ${shown.id} allow|deny`;
    ui.dialog.replace(() => pageElement(screen.api, {title, text: details}));
    ui.dialog.setSize('xlarge');
    return;
  }
  const give = (decision: Omit<PersonAnswer, 'request'>) =>
    screen.do(async () => {
      ui.dialog.clear();
      const now = await screen.acting.reply(shown, {...decision, request: request.number});
      const [next] = now?.requests ?? [];
      screen.say(next === undefined ? `${shown.id} goes on.` : `${shown.id} asks for more: ${next.what}`);
    });
  const prompt = (decision: 'allow' | 'deny', title: string, placeholder: string) => {
    const description = () => textElement(screen.api, details);
    const onConfirm = (value: string) => {
      const message = value.trim();
      give({decision, ...(message !== '' && {message})});
    };
    ui.dialog.replace(() => ui.DialogPrompt({title, description, placeholder, onConfirm}));
    ui.dialog.setSize('large');
  };
  const choices = {
    allow: () => {
      const onConfirm = () => give({decision: 'allow'});
      ui.dialog.replace(() => ui.DialogConfirm({title: 'Allow, this once?', message: details, onConfirm}));
      ui.dialog.setSize('large');
    },
    answer: () => prompt('allow', 'Answer', 'Your answer'),
    deny: () => prompt('deny', 'Deny', 'What the agent reads, if you like'),
  };
  const options = [
    request.kind === 'permission'
      ? ({title: 'Allow, this once', value: 'allow'} as const)
      : ({title: 'Answer', value: 'answer'} as const),
    {title: 'Deny', value: 'deny'} as const,
  ];
  const title = oneLine(`${shown.title}: ${request.what}`);
  ui.dialog.replace(() =>
    ui.DialogSelect({title, options, onSelect: ({value}) => screen.do(choices[value])}),
  );
}
