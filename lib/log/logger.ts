import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/**
 * A JSON logger on stdout. Messages are constant, what varies is in fields. The caller's words and
 * numbers go only under `pii`, which is dropped here and never reaches a sink; so is what a failed
 * Redis command was sent with (`err.command`), as that is where they are kept, and the row that
 * Postgres shows with an error (`err.detail`, `err.where`).
 */
export function createLogger(program: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { program },
    redact: { paths: ['pii', '*.pii', 'err.command', 'err.detail', 'err.where'], remove: true },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** A logger that writes nothing, for tests. */
export const silentLogger: Logger = pino({ level: 'silent' });
