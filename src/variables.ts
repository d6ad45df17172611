import {LOG_LEVELS} from './base/log.ts';

/** The environment variables that set something, as docs/settings.md lists them. */
export const VARIABLES = {
  OPENCODE_DELEGATE_BIN:
    'The `opencode` binary to run: an absolute path, or the name of a command on PATH. Default: `opencode` on PATH if its version can be used, else the one of `opencode-delegate install opencode`, else the `opencode-ai` package beside this one.',
  OPENCODE_DELEGATE_MODEL:
    'The model, as `provider/model`, where neither the call nor the agent names one. Default: the model of your OpenCode configuration.',
  OPENCODE_DELEGATE_MODELS:
    'Names that models can be called by, as `fast=anthropic/claude-haiku-4,deep=openai/gpt-5`. A name can have more than one model, with a vertical bar between them: the next one is taken where the one before it is rate-limited or refused for its account. Default: none.',
  OPENCODE_DELEGATE_MAX_COST_USD:
    'Ends a delegation that has cost this much, in US dollars. A call can ask for less, not for more. Default: no limit.',
  OPENCODE_DELEGATE_MAX_TOKENS:
    'Ends a delegation that has used this many tokens. A call can ask for less, not for more. Default: no limit.',
  OPENCODE_DELEGATE_DAILY_COST_USD:
    'What all your delegations of a day may cost together, in US dollars: then what runs is ended, and nothing new starts until midnight. Default: no limit.',
  OPENCODE_DELEGATE_CONCURRENCY: 'How many delegations run at once; the rest wait in order. Default: 8.',
  OPENCODE_DELEGATE_LIMITS:
    'How many delegations of one provider or model run at once, as `anthropic=4,openai/gpt-5=2`. A model with its own number does not count towards that of its provider. Default: no limit of their own.',
  OPENCODE_DELEGATE_MAX_TOOL_CALLS: 'Fails a delegation that makes more tool calls than this. Default: 500.',
  OPENCODE_DELEGATE_IDLE_MINUTES:
    'Fails a delegation that stays silent this long with no tool running. Default: 5.',
  OPENCODE_DELEGATE_ALLOW_SUBAGENTS: 'Set to 1 to allow delegation to agents of mode `subagent`. Default: 0.',
  OPENCODE_DELEGATE_ON_ASK:
    'What happens when an agent asks for a permission or asks a question: it is refused at once (`reject`), or shown, and waits for an answer (`wait`). Default: `reject`.',
  OPENCODE_DELEGATE_ASK_SECONDS:
    'With `wait`: how long a request waits for an answer before it is refused. Default: 120.',
  OPENCODE_DELEGATE_SERIAL_WRITERS:
    'Set to 1 to run delegations that can write in the same directory one after the other. Default: 0.',
  OPENCODE_DELEGATE_READONLY_TOOLS:
    'MCP tools that a `read-only` delegation keeps, as names separated by commas, with `*` for any characters: `context7_*,docs_search`. Default: none.',
  OPENCODE_DELEGATE_TRUST:
    'Whether code that a repository brings (plugins, local MCP servers and their like) runs only once you have allowed it (`ask`), or always (`all`). Default: `ask`.',
  OPENCODE_DELEGATE_SANDBOX:
    'Runs OpenCode, with all that it starts, in bubblewrap, where nothing but worktrees can be written: with a network (`on`), or with none for the commands of agents (`no-network`). Linux only. Default: `off`.',
  OPENCODE_DELEGATE_POOL:
    'The database of a [pool](pool.md), where delegations can run on other machines: `postgres://…`, or `redis://…`. Default: none.',
  OPENCODE_DELEGATE_WHERE:
    'With a pool: where a delegation runs that does not say it, `here` or `pool`. Default: `here`.',
  OPENCODE_DELEGATE_POOL_MB:
    'With a pool: how many megabytes of code may travel through its database, in one direction. Default: 64.',
  OPENCODE_DELEGATE_POOL_DAYS:
    'With a pool: how many days a result waits in its database for you, and a delegation for a worker. Default: 30.',
  OPENCODE_DELEGATE_POOL_FETCH:
    'With a pool: the protocols by which workers fetch from remotes, of `https`, `ssh`, `http`, `git` and `file`, separated by commas. Default: `https,ssh`.',
  OPENCODE_DELEGATE_ON_EVENT:
    'A command line that is run when a delegation has ended or failed, or waits for an answer, with what happened as JSON on its stdin. Default: none.',
  OPENCODE_DELEGATE_EVENTS:
    'Which of `ended`, `failed` and `blocked` that command is run for, separated by commas. Default: all three.',
  OPENCODE_DELEGATE_DATA_DIR:
    'The folder for results. Default: `$XDG_DATA_HOME/opencode/delegations`, which is `~/.local/share/opencode/delegations`.',
  OPENCODE_DELEGATE_HOST:
    'Whether delegations run in a background process that outlives the client (`on`), or in the process that the client starts (`off`). Default: `on`.',
  OPENCODE_DELEGATE_HOST_IDLE_SECONDS:
    'How long that background process stays with no client connected and nothing running. Default: 60.',
  OPENCODE_DELEGATE_SERVER_IDLE_SECONDS:
    'How long an OpenCode server stays when nothing uses it. The next delegation starts it again. Default: 300.',
  OPENCODE_DELEGATE_LOG: `How much is logged: ${LOG_LEVELS.map((level) => `\`${level}\``).join(', ')}. Default: \`info\`.`,
} as const;
