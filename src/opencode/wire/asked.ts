import type {PermissionRequest, QuestionRequest} from '@opencode-ai/sdk/v2/client';
import {shorten} from '../../base/errors.ts';
import {oneLine} from '../../base/safe-text.ts';
import type {AskContent} from '../../delegation/model/ask.ts';

const SHOWN_CHARS = 200;
/** A diff can be as long as a file. */
const DETAIL_CHARS = 4_000;
/** What OpenCode says of a request besides its patterns, and what tells most about it. */
const TELLING_METADATA = ['command', 'diff'] as const;

/** A request of OpenCode's, and where it has to be answered. */
export interface OpenCodeAsk {
  readonly id: string;
  readonly sessionId: string;
  /** Requests are kept by directory; a reply without it would be taken and lost. */
  readonly directory: string;
  readonly content: AskContent;
}

export function askOfPermission(request: PermissionRequest, directory: string): OpenCodeAsk {
  const {id, sessionID, permission, patterns, metadata} = request;
  const about = patterns.join(', ');
  const telling = TELLING_METADATA.map((key) => metadata[key]).find((value) => typeof value === 'string');
  const what = shorten(oneLine([permission, about].filter((word) => word !== '').join(': ')), SHOWN_CHARS);
  const detail = shorten(typeof telling === 'string' ? telling : about, DETAIL_CHARS);
  return {
    id,
    sessionId: sessionID,
    directory,
    content: {kind: 'permission', what: `permission ${what}`, detail},
  };
}

export function askOfQuestion({id, sessionID, questions}: QuestionRequest, directory: string): OpenCodeAsk {
  const what = shorten(oneLine(questions.map(({question}) => question).join(' / ')), SHOWN_CHARS);
  return {
    id,
    sessionId: sessionID,
    directory,
    content: {
      kind: 'question',
      what: `question: ${what}`,
      questions: questions.map(({question, options, multiple}) => ({
        question,
        options: options.map(({label}) => label),
        isMultiple: multiple === true,
      })),
    },
  };
}
