import type {ReadAnswer} from '../wire/limited-fetch.ts';

/** Takes out of a text what nobody is to see. */
export type Conceal = (text: string) => string;

/** Reads answers with what nobody is to see taken out of them, and out of each line of a stream. */
export function concealed(conceal: Conceal): ReadAnswer {
  return async (answer) => {
    const {status, statusText, headers, body} = answer;
    if (body === null) return answer;
    const isStream = headers.get('content-type')?.startsWith('text/event-stream');
    const shown = isStream ? body.pipeThrough(linesConcealed(conceal)) : conceal(await answer.text());
    return new Response(shown, {status, statusText, headers});
  };
}

/** Whole lines, for a key may come in two pieces of a stream. */
function linesConcealed(conceal: Conceal): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = '';
  return new TransformStream({
    transform(chunk, controller) {
      rest += decoder.decode(chunk, {stream: true});
      const end = rest.lastIndexOf('\n') + 1;
      if (end === 0) return;
      controller.enqueue(encoder.encode(conceal(rest.slice(0, end))));
      rest = rest.slice(end);
    },
    flush(controller) {
      controller.enqueue(encoder.encode(conceal(rest + decoder.decode())));
    },
  });
}
