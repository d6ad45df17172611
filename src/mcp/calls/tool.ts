import {z} from 'zod';
import {Refusal} from '../../base/errors.ts';
import type {Issued} from '../../contract/stamp.ts';
import type {Delegations} from '../../delegation/delegations.ts';
import type {DelegationHead} from '../../delegation/model/delegation.ts';
import type {Environment} from '../../delegation/model/ports.ts';
import type {TrustQuestion} from '../../delegation/model/trust.ts';
import type {DelegationView} from '../../delegation/model/view.ts';
import type {ClientConnection} from '../connection/client-connection.ts';
import {meant} from './arguments.ts';

interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint: boolean;
}

/** What a tool may use besides its input. */
export interface ToolContext {
  readonly delegations: Pick<
    Delegations,
    'delegate' | 'continue' | 'wait' | 'first' | 'list' | 'view' | 'cancel' | 'reply' | 'tell' | 'markRead'
  >;
  readonly client: Pick<
    ClientConnection,
    'identity' | 'extendsOnProgress' | 'project' | 'directory' | 'workingDirectory' | 'path'
  >;
  /** That of the client, in which its delegations run. */
  readonly environment: Environment;
  /** Where a person finds the record of a delegation. */
  readonly artifact: (project: string, id: string) => string;
  /** The OpenCode session that calls, where the companion plugin is there to say so. */
  readonly caller?: Issued;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** True when the client has cancelled the call, and is not only gone. */
  readonly isCancelled: () => boolean;
  /** The user's answer to a question about trust; absent where the client has no forms to ask with. */
  readonly askTrust?: (question: TrustQuestion) => boolean;
  /** True when the client has declared the tasks extension with this very request. */
  readonly knowsTasks: boolean;
  /** Tells the client that the call goes on; absent when it did not ask to be told. */
  readonly progress?: (message: string) => void;
}

/** A text that is not ours, to be shown as it is. */
export interface Verbatim {
  readonly verbatim: string;
}

export interface ToolAnswer {
  /** Text blocks, in order. What stands before a verbatim one names the line that follows it. */
  readonly blocks: readonly (string | Verbatim)[];
  /** The delegation that this answer has told the end of: it needs no mention as unread. */
  readonly told?: string;
  /** The delegation that this answer shows as it stands: what it waits for needs no mention. */
  readonly shown?: DelegationHead;
  /** The delegation that this answer has started: a client that knows tasks gets it as one. */
  readonly started?: DelegationView;
}

/** A tool as its file describes it. */
interface ToolSpec<Input extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  /** What Claude Code's search finds it by; a tool without is in the model's first request already. */
  readonly searchHint?: string;
  readonly input: Input;
  /** The arguments that clients are told of only where there is something that they are for. */
  readonly unlisted?: readonly string[];
  /** The arguments that have somebody's own words. */
  readonly ownWords?: readonly string[];
  call(input: z.output<Input>, context: ToolContext): Promise<ToolAnswer>;
}

/** A tool as the server offers it. */
export interface Tool {
  /** As clients list it. */
  readonly definition: {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly annotations: ToolAnnotations;
    readonly inputSchema: {type: 'object'; [key: string]: unknown};
    /** For Claude Code, which loads tools on demand. */
    readonly _meta: Readonly<Record<string, unknown>>;
  };
  /**
   * Checks the input and does the work.
   * @throws Refusal naming every argument that does not fit, or as the tool itself does.
   */
  call(input: unknown, context: ToolContext): Promise<ToolAnswer>;
}

/** Makes a tool of its description: the handler sees only input that fits the schema. */
export function defineTool<Input extends z.ZodObject>(spec: ToolSpec<Input>): Tool {
  const {input, call, searchHint, ownWords, unlisted = [], ...definition} = spec;
  const schema = schemaOf(input);
  const listed = Object.entries(Object(schema.properties)).filter(([name]) => !unlisted.includes(name));
  const load =
    searchHint === undefined ? {'anthropic/alwaysLoad': true} : {'anthropic/searchHint': searchHint};
  return {
    definition: {
      ...definition,
      inputSchema: {...schema, properties: Object.fromEntries(listed), type: 'object'},
      _meta: load,
    },
    async call(given, context) {
      const parsed = input.safeParse(meant(given, schema, ownWords), {error: missing});
      if (!parsed.success) throw new Refusal(`${definition.name}: ${problemsOf(parsed.error)}`);
      return call(parsed.data, context);
    },
  };
}

/** Without what is not worth a model's context: the dialect is the protocol's own, unknown arguments do no harm. */
function schemaOf(input: z.ZodObject) {
  const {
    $schema: _,
    additionalProperties: __,
    ...schema
  } = z.toJSONSchema(input, {
    io: 'input',
    override: ({jsonSchema}) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      // No model would come near them.
      delete jsonSchema.maxLength;
    },
  });
  return schema;
}

function missing({input}: {readonly input?: unknown}): string | undefined {
  return input === undefined ? 'is missing' : undefined;
}

function problemsOf(error: z.ZodError): string {
  return error.issues.map(({path, message}) => `${path.join('.') || 'arguments'}: ${message}`).join('; ');
}
