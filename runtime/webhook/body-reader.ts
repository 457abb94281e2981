import type { IncomingMessage } from 'node:http';
import type { Clock } from '#lib/clock/clock.ts';

/** Far above the largest webhook of a call, which is a few KiB. */
export const MAX_BODY_BYTES = 64 * 1024;
/** A body has to be here so soon after its head; the carrier sends both together. */
const MAX_READING_MS = 3_000;
/** How many bodies are read at a time: together at most 32 MiB. */
const MAX_READERS = 512;

export type BodyFault = 'TooLarge' | 'TooSlow' | 'Aborted';

/**
 * Reads the bodies of requests that nothing is known of yet, so everything is bounded: a body's size
 * and time, and how many are read at once. Where one too many comes, the oldest is given up: those of
 * the carrier are read within milliseconds, so what is oldest is somebody's slow one.
 */
export class BodyReader {
  readonly #clock: Clock;
  /** What gives each reading up, in the order of their beginning. */
  readonly #readers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The raw body, or why there is none. Never rejects. */
  read(request: IncomingMessage): Promise<Buffer | BodyFault> {
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return Promise.resolve('TooLarge');
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const finish = (body: Buffer | BodyFault) => {
        cancel();
        this.#readers.delete(giveUp);
        request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
        // What still comes is thrown away until the connection is closed, and an error is nobody's.
        request.on('error', () => undefined).resume();
        resolve(body);
      };
      const giveUp = () => finish('TooSlow');
      const onGone = () => finish('Aborted');
      const onEnd = () => finish(Buffer.concat(chunks));
      const onData = (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > MAX_BODY_BYTES) finish('TooLarge');
      };
      const cancel = this.#clock.after(MAX_READING_MS, giveUp);
      this.#readers.add(giveUp);
      if (this.#readers.size > MAX_READERS) this.#readers.values().next().value?.();
      request.on('data', onData).once('end', onEnd).once('close', onGone).once('error', onGone);
    });
  }
}
