import type { Dispatcher } from 'undici';
import type { EngineErrorCode } from './engine-error.ts';

/** One question to an engine, as an adapter describes it to the client. */
export interface Exchange<Part> {
  /** Made anew for each attempt. */
  request(): EngineRequest;
  /** Reads one answer, of that media type (lower case, without parameters); made anew for each attempt. */
  decoder(mediaType: string): AnswerDecoder<Part>;
  /** What a refusal means beyond its status, where the adapter knows better. */
  explain?(refusal: Refusal): EngineErrorCode | undefined;
}

export interface EngineRequest {
  /** Absent: POST. */
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: NonNullable<Dispatcher.DispatchOptions['body']>;
}

/**
 * The body of one 2xx answer → its parts. Chunks without parts (keep-alives, a half line) are no
 * progress. What is thrown ends the attempt, after the parts before it: an EngineError as it is,
 * anything else as an answer that was not understood.
 */
export interface AnswerDecoder<Part> {
  push(chunk: Buffer): Iterable<Part>;
  /** What is left when the body ends. */
  end(): Iterable<Part>;
  /** Whether the answer is whole; what the server does after that is of no interest. */
  readonly done: boolean;
}

/** A status other than 2xx. Servers put the caller's words into texts: nothing but codes leaves here. */
export interface Refusal {
  readonly status: number;
  /** `code`, `type` and `param` of an OpenAI-style error, where they are short words; else empty. */
  readonly code: string;
  readonly type: string;
  readonly param: string;
  readonly retryAfterMs?: number;
}
