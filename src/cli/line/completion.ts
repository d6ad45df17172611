import {NAME} from '../../base/name.ts';
import {COMMON, type Command, type NamedCommand, type OptionSpec} from './command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** The hidden command that prints the ids of the project. */
export const IDS_COMMAND = '__ids';
const FUNCTION = '_opencode_delegate';

/** A script that has a shell complete commands, options, their values, and ids. */
export function completionScript(shell: Shell, commands: readonly NamedCommand[]): string {
  return {bash, zsh, fish}[shell](commands);
}

function bash(commands: readonly NamedCommand[]): string {
  return [
    `# ${NAME} completion for bash. In ~/.bashrc: source <(${NAME} completion bash)`,
    `${FUNCTION}() {`,
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=''`,
    '  if [ "$COMP_CWORD" -le 1 ]; then',
    `    words='${['help', ...commands.map(({name}) => name)].join(' ')}'`,
    '  else',
    `    case "\${COMP_WORDS[1]} $prev" in`,
    ...commands.flatMap(({name, command}) =>
      choices(command).map(
        ([option, values]) => `      '${name} --${option}') words='${values.join(' ')}' ;;`,
      ),
    ),
    `      *) case "\${COMP_WORDS[1]} $cur" in`,
    ...commands.map(
      ({name, command}) =>
        `        '${name} '-*) words='${options(command)
          .map(([option]) => `--${option}`)
          .join(' ')}' ;;`,
    ),
    ...takingIds(commands).map(
      (name) => `        '${name} '*) words=$("\${COMP_WORDS[0]}" ${IDS_COMMAND} 2>/dev/null) ;;`,
    ),
    `        'completion '*) words='${SHELLS.join(' ')}' ;;`,
    `        'help '*) words='${commands.map(({name}) => name).join(' ')}' ;;`,
    '      esac ;;',
    '    esac',
    '  fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    // Where nothing is known, a file may be meant.
    `complete -o default -F ${FUNCTION} ${NAME}`,
    '',
  ].join('\n');
}

function zsh(commands: readonly NamedCommand[]): string {
  const described = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([name, about]) => quotedForZsh(`${name}:${about}`)).join(' ');
  return [
    `#compdef ${NAME}`,
    `# ${NAME} completion for zsh. In ~/.zshrc, after compinit: source <(${NAME} completion zsh)`,
    `${FUNCTION}() {`,
    '  local -a found',
    '  if (( CURRENT == 2 )); then',
    `    found=(${described([['help', 'Say more about a command'], ...commands.map(({name, summary}) => [name, summary] as const)])})`,
    '    _describe command found',
    '    return',
    '  fi',
    '  case "$words[2] $words[CURRENT-1]" in',
    ...commands.flatMap(({name, command}) =>
      choices(command).map(
        ([option, values]) => `    '${name} --${option}') compadd ${values.join(' ')}; return ;;`,
      ),
    ),
    '  esac',
    '  case "$words[2] $words[CURRENT]" in',
    ...commands.map(
      ({name, command}) =>
        `    '${name} '-*) found=(${described(options(command).map(([option, {about}]) => [`--${option}`, about]))}); _describe option found ;;`,
    ),
    ...takingIds(commands).map(
      (name) => `    '${name} '*) compadd \${(f)"$("$words[1]" ${IDS_COMMAND} 2>/dev/null)"} ;;`,
    ),
    `    'completion '*) compadd ${SHELLS.join(' ')} ;;`,
    `    'help '*) compadd ${commands.map(({name}) => name).join(' ')} ;;`,
    '    *) _files ;;',
    '  esac',
    '}',
    `compdef ${FUNCTION} ${NAME}`,
    '',
  ].join('\n');
}

function fish(commands: readonly NamedCommand[]): string {
  const complete = (...parts: readonly string[]) => `complete -c ${NAME} ${parts.join(' ')}`;
  const within = (names: readonly string[]) => `-n '__fish_seen_subcommand_from ${names.join(' ')}'`;
  const first = '-n __fish_use_subcommand -f';
  return [
    `# ${NAME} completion for fish: ${NAME} completion fish > ~/.config/fish/completions/${NAME}.fish`,
    complete(first, '-a help', `-d ${quotedForFish('Say more about a command')}`),
    ...commands.map(({name, summary}) => complete(first, `-a ${name}`, `-d ${quotedForFish(summary)}`)),
    ...commands.flatMap(({name, command}) =>
      options(command).map(([option, spec]) => complete(within([name]), fishOption(option, spec))),
    ),
    complete(within(takingIds(commands)), '-f', `-a '(${NAME} ${IDS_COMMAND} 2>/dev/null)'`),
    complete(within(['completion']), '-f', `-a '${SHELLS.join(' ')}'`),
    complete(within(['help']), '-f', `-a '${commands.map(({name}) => name).join(' ')}'`),
    '',
  ].join('\n');
}

function fishOption(option: string, {short, type, choices: values, about}: OptionSpec): string {
  return [
    ...(short === undefined ? [] : [`-s ${short}`]),
    `-l ${option}`,
    ...(type === 'string' ? ['-r'] : []),
    ...(values === undefined ? [] : ['-f', `-a '${values.join(' ')}'`]),
    `-d ${quotedForFish(about)}`,
  ].join(' ');
}

function options(command: Command): readonly (readonly [string, OptionSpec])[] {
  return Object.entries({...command.options, ...COMMON});
}

function choices(command: Command): readonly (readonly [string, readonly string[]])[] {
  return options(command).flatMap(([option, spec]) =>
    spec.choices === undefined ? [] : [[option, spec.choices] as const],
  );
}

/** Those whose first argument is an id. */
function takingIds(commands: readonly NamedCommand[]): readonly string[] {
  return commands.filter(({command}) => /^[<[]id/.test(command.usage)).map(({name}) => name);
}

function quotedForZsh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quotedForFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
