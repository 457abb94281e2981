import type { EventSourceMessage } from 'eventsource-parser';
import { z } from 'zod';
import { EngineError } from './engine-error.ts';
import { EventStream } from './event-stream.ts';
import type { AnswerDecoder } from './exchange.ts';
import { jsonOf } from './json-of.ts';
import type { ChatPart, FinishReason } from './language-model.ts';
import { errorWords } from './read-refusal.ts';
import { SpokenText } from './spoken-text.ts';
import { ToolCallPieces } from './tool-call-pieces.ts';

/**
 * One streamed chat completion → parts. Text is passed on as it comes, tool calls when they are whole,
 * `finish` last: usage comes after the reason to finish, in a chunk without choices.
 */
export class ChatDecoder implements AnswerDecoder<ChatPart> {
  readonly #engine: string;
  readonly #events = new EventStream();
  readonly #text = new SpokenText();
  readonly #tools = new ToolCallPieces();
  #reason: FinishReason | undefined;
  #answered = false;
  #called = false;
  /** A call of a tool has begun to come. */
  #calling = false;
  done = false;

  constructor(engine: string) {
    this.#engine = engine;
  }

  *push(chunk: Buffer): Generator<ChatPart> {
    for (const event of this.#events.push(chunk)) yield* this.#partsOf(event);
  }

  /** Servers may leave out `[DONE]`, and even the reason, where the answer is whole. */
  *end(): Generator<ChatPart> {
    if (this.done) return;
    for (const event of this.#events.end()) yield* this.#partsOf(event);
    if (!this.done) yield* this.#finish();
  }

  #partsOf({ event, data }: EventSourceMessage): ChatPart[] {
    if (this.done) return [];
    if (data.trim() === '[DONE]') return this.#finish();
    const chunk = this.#parse(data);
    if (chunk.error !== undefined || event === 'error') throw this.#errorOf(data);
    const parts = chunk.choices.flatMap((choice) => this.#choice(choice));
    if (chunk.usage) {
      const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = chunk.usage;
      parts.push({ type: 'usage', inputTokens, outputTokens });
    }
    return parts;
  }

  #choice({ index, delta, finish_reason: reason }: Choice): ChatPart[] {
    // Only one answer is asked for.
    if (index > 0) return [];
    for (const piece of delta.tool_calls) this.#tools.push(piece);
    const text = this.#text.push(delta.content);
    // What is said before a call is not waited with until that is written: its last sentence is over.
    const isOver = !this.#calling && delta.tool_calls.length > 0 && (this.#answered || text !== '');
    this.#calling ||= delta.tool_calls.length > 0;
    const parts = this.#say(isOver ? `${text} ` : text);
    if (!reason) return parts;
    this.#reason = REASONS[reason] ?? 'stop';
    return [...parts, ...this.#rest()];
  }

  #say(text: string): ChatPart[] {
    if (text === '') return [];
    this.#answered = true;
    return [{ type: 'text', text }];
  }

  /** What is whole once the model has ended: text that looked like a tag, and the tool calls. */
  #rest(): ChatPart[] {
    const calls = this.#tools.take();
    this.#called ||= calls.length > 0;
    return [...this.#say(this.#text.end()), ...calls];
  }

  #finish(): ChatPart[] {
    const rest = this.#rest();
    if (!this.#reason && !this.#answered && !this.#called) {
      throw new EngineError(this.#engine, 'engine_refused', { cause: new Error('an answer of nothing') });
    }
    this.done = true;
    // Some servers say "stop" after tool calls too.
    const reason = this.#reason ?? 'stop';
    return [...rest, { type: 'finish', reason: this.#called && reason === 'stop' ? 'toolCalls' : reason }];
  }

  #parse(data: string): z.output<typeof chunkSchema> {
    const parsed = chunkSchema.safeParse(jsonOf(data));
    if (parsed.success) return parsed.data;
    // What was written may hold the caller's words, so it does not become part of an error.
    const cause = new Error('an event that is no chunk of a chat completion');
    throw new EngineError(this.#engine, 'engine_refused', { cause });
  }

  /** An error after status 200, as servers send it when the model fails while it writes. */
  #errorOf(data: string): EngineError {
    const { code, type } = errorWords(data);
    const cause = new Error(`an error in the stream (${[code, type].filter(Boolean).join(', ')})`);
    return new EngineError(this.#engine, 'engine_unavailable', { cause });
  }
}

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'toolCalls',
  function_call: 'toolCalls',
  content_filter: 'filtered',
};

/** Servers write null for what is absent. */
function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const pieceSchema = z.object({
  index: optional(z.number().int()),
  id: optional(z.string()),
  function: optional(
    z.object({
      name: optional(z.string()),
      arguments: optional(z.union([z.string(), z.record(z.string(), z.unknown())])),
    }),
  ),
});

/** Thoughts under `reasoning`, `reasoning_content` or `thinking` are not read at all. */
const choiceSchema = z.object({
  index: optional(z.number()).transform((index) => index ?? 0),
  delta: optional(
    z.object({
      content: optional(z.string()).transform((text) => text ?? ''),
      tool_calls: optional(z.array(pieceSchema)).transform((pieces) => pieces ?? []),
    }),
  ).transform((delta) => delta ?? { content: '', tool_calls: [] }),
  finish_reason: optional(z.string()),
});

type Choice = z.output<typeof choiceSchema>;

const chunkSchema = z.object({
  choices: optional(z.array(choiceSchema)).transform((choices) => choices ?? []),
  usage: optional(z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })),
  error: z.unknown().optional(),
});
