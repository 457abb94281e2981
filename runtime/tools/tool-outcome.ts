import type { Answer } from '#lib/public-web/post-json.ts';

/**
 * What came of a tool's call. `text` is for the language model: what the tool answered, or what went
 * wrong and whether the tool may have done its work all the same.
 */
export interface ToolOutcome {
  readonly kind: ToolOutcomeKind;
  readonly text: string;
}

/** `refused`: nothing was sent. `timedOut`, `failed`: it was, unless the tool could not be reached. */
export type ToolOutcomeKind = 'ok' | 'refused' | 'timedOut' | 'failed';

export function refused(text: string): ToolOutcome {
  return { kind: 'refused', text };
}

export function timedOut(sent: boolean): ToolOutcome {
  return { kind: 'timedOut', text: `The tool did not answer in time. ${sent ? UNKNOWN : NOTHING_DONE}` };
}

export function unreachable(sent: boolean): ToolOutcome {
  const text = sent
    ? `The connection to the tool broke. ${UNKNOWN}`
    : `The tool could not be reached. ${NOTHING_DONE}`;
  return { kind: 'failed', text };
}

export function answered({ status, mediaType, text }: Answer): ToolOutcome {
  const readable = text !== undefined && isReadable(mediaType, text);
  if (status < 200 || status > 299) {
    const said = readable && text !== '' ? ` It said: ${text}` : '';
    return { kind: 'failed', text: `The tool answered with HTTP status ${status}.${said}` };
  }
  if (text === '') return { kind: 'ok', text: 'The tool did it and answered nothing.' };
  if (readable) return { kind: 'ok', text };
  return { kind: 'failed', text: `The tool answered something that cannot be read here. ${UNKNOWN}` };
}

const UNKNOWN = 'Whether it did its work is not known: do not say that it did, and do not call it again.';
const NOTHING_DONE = 'It did nothing.';

function isReadable(mediaType: string, text: string): boolean {
  if (mediaType.startsWith('text/plain')) return true;
  if (!/^application\/([\w.-]+\+)?json$/.test(mediaType)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
