import { OperatingError } from '#lib/errors/operating-error.ts';

/** Why an engine did not serve a request. */
export type EngineErrorCode =
  /** It refused, or answered what it should not: the same request will not do better. */
  | 'engine_refused'
  /** The conversation is longer than the model's context: a shorter one will do. */
  | 'engine_context_exceeded'
  /** It answered 5xx, is loading its model, or could not be reached. */
  | 'engine_unavailable'
  /** It answered 429: it has as much to do as it, or our contract with it, allows. */
  | 'engine_busy'
  /** Nothing came in the time allowed. */
  | 'engine_timeout'
  /** It failed often just now, or asked to be left alone for a while. */
  | 'engine_resting';

export class EngineError extends OperatingError {
  readonly engine: string;
  /** How long the engine asked to be left alone. */
  readonly retryAfterMs: number | undefined;
  declare readonly code: EngineErrorCode;

  constructor(
    engine: string,
    code: EngineErrorCode,
    { cause, retryAfterMs }: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(code, `${engine}: ${MESSAGES[code]}`, { retryable: RETRYABLE.has(code), cause });
    this.engine = engine;
    this.retryAfterMs = retryAfterMs;
  }
}

const RETRYABLE: ReadonlySet<EngineErrorCode> = new Set([
  'engine_unavailable',
  'engine_busy',
  'engine_timeout',
]);

const MESSAGES: Readonly<Record<EngineErrorCode, string>> = {
  engine_refused: 'the engine refused the request or answered something else than its interface says',
  engine_context_exceeded: "the conversation is longer than the model's context",
  engine_unavailable: 'the engine could not be reached or answered that it cannot serve now',
  engine_busy: 'the engine answered that it is asked too often',
  engine_timeout: 'the engine did not answer in time',
  engine_resting: 'the engine failed repeatedly and is not asked for a while',
};
