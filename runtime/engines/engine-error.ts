import { OperatingError } from '#lib/errors/operating-error.ts';

/** Why an engine did not serve a request. */
export type EngineErrorCode =
  /** It refused, or answered what it should not: the same request will not do better. */
  | 'engine_refused'
  /** It answered 5xx or 429, or could not be reached. */
  | 'engine_unavailable'
  /** Nothing came in the time allowed. */
  | 'engine_timeout'
  /** The breaker is open: it failed often just now and is left alone for a while. */
  | 'engine_resting';

export class EngineError extends OperatingError {
  readonly engine: string;
  declare readonly code: EngineErrorCode;

  constructor(engine: string, code: EngineErrorCode, cause?: unknown) {
    super(code, `${engine}: ${MESSAGES[code]}`, {
      retryable: code === 'engine_unavailable' || code === 'engine_timeout',
      cause,
    });
    this.engine = engine;
  }
}

const MESSAGES: Readonly<Record<EngineErrorCode, string>> = {
  engine_refused: 'the engine refused the request or answered something else than its interface says',
  engine_unavailable: 'the engine could not be reached or answered that it cannot serve now',
  engine_timeout: 'the engine did not answer in time',
  engine_resting: 'the engine failed repeatedly and is not asked for a while',
};
