import {type Command, EXIT, UsageError} from '../line/command.ts';
import {completionScript, SHELLS} from '../line/completion.ts';
import {RecordsOnDisk} from '../sources/records.ts';

export const completion: Command = {
  usage: SHELLS.join('|'),
  about:
    'Prints a script that has your shell complete commands, options and the ids of the project that you are in.',
  options: {},
  examples: [
    ['completion bash >> ~/.bashrc', 'for bash'],
    ['completion zsh >> ~/.zshrc', 'for zsh, after compinit'],
    ['completion fish > ~/.config/fish/completions/opencode-delegate.fish', 'for fish'],
  ],
  takes: {least: 1, most: 1},
  async run({args: [given], terminal, commands}) {
    const shell = SHELLS.find((one) => one === given);
    if (shell === undefined) throw new UsageError(`Say which shell: ${SHELLS.join(', ')}.`);
    terminal.write(completionScript(shell, await commands()));
    return EXIT.ok;
  },
};

/** What the scripts call. */
export const ids: Command = {
  usage: '',
  about: 'Prints the ids of the project, for completion in a shell.',
  options: {},
  examples: [['__ids', 'the ids']],
  takes: {least: 0, most: 0},
  async run({env, cwd, terminal}) {
    const records = new RecordsOnDisk(env);
    terminal.print(...records.ids(await records.projectOf(cwd)).map(({id}) => id));
    return EXIT.ok;
  },
};
