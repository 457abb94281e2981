import type { ChatPart, ChatRequest, LanguageModel } from '#runtime/engines/language-model.ts';

/** What the model answers to a request: a text, a tool call, or how it fails. */
export type ScriptedPart =
  | string
  | { readonly tool: string; readonly args?: Record<string, unknown> | string }
  | Error;

/** A language model that answers from a script, one list of parts a request, and remembers what it was asked. */
export class ScriptedModel implements LanguageModel {
  readonly name = 'scripted llm';
  readonly requests: ChatRequest[] = [];
  readonly #answers: (readonly ScriptedPart[])[];
  readonly #before: (signal: AbortSignal) => Promise<void>;

  /** @param before Waited for before each answer. */
  constructor(
    answers: readonly (readonly ScriptedPart[])[],
    before: (signal: AbortSignal) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#answers = [...answers];
    this.#before = before;
  }

  async *chat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart, void> {
    this.requests.push({ ...request, messages: [...request.messages] });
    const parts = this.#answers.shift() ?? [];
    await this.#before(signal);
    for (const [index, part] of parts.entries()) {
      signal.throwIfAborted();
      if (part instanceof Error) throw part;
      yield partOf(part, `call-${this.requests.length}-${index}`);
    }
    yield { type: 'finish', reason: parts.some((part) => typeof part === 'object') ? 'toolCalls' : 'stop' };
  }

  warm(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function partOf(part: Exclude<ScriptedPart, Error>, id: string): ChatPart {
  if (typeof part === 'string') return { type: 'text', text: part };
  const { tool: name, args = {} } = part;
  return typeof args === 'string'
    ? { type: 'malformedToolCall', id, name, text: args }
    : { type: 'toolCall', id, name, arguments: args };
}
