import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * A JSON logger on stdout. Messages are constant, what varies is in fields. The caller's words and
 * numbers go only under `pii`, which is dropped here and never reaches a sink.
 */
export function createLogger(program: string, level: string): Logger {
  return pino({
    level,
    base: { program },
    redact: { paths: ['pii', '*.pii'], remove: true },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

/** A logger that writes nothing, for tests. */
export const silentLogger: Logger = pino({ level: 'silent' });
