import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';

export type StreamType = 'text/csv' | 'application/jsonl' | 'text/event-stream';

/** A body that is made as it is sent. It ends, or throws, once the signal of its request aborts. */
export interface StreamBody {
  readonly type: StreamType;
  /** Under which name a browser saves it. */
  readonly filename?: string;
  readonly chunks: AsyncGenerator<string>;
  /** How long it may take in all; absent: for as long as the client may have it. */
  readonly deadlineMs?: number;
}

export interface SendStreamOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the body: the client is gone, or may not have it any more. */
  readonly ending: AbortController;
  /** Whether the client may still have what is sent: asked again and again. */
  readonly stillMay: () => Promise<boolean>;
  readonly recheckMs: number;
}

/** A client that takes nothing for so long is gone. */
const STALLED_MS = 60_000;

/**
 * Sends a body at the pace at which the client takes it, for as long as the client may have it. One that fails after
 * its first chunk ends with its connection, so that nobody takes a part for the whole. Throws what its first chunk throws.
 */
export async function sendStream(
  response: Response,
  body: StreamBody,
  options: SendStreamOptions,
): Promise<void> {
  const { ending, log, clock } = options;
  try {
    const first = await body.chunks.next();
    response.status(200).set(headersOf(body)).setTimeout(STALLED_MS);
    if (response.req.method === 'HEAD') response.end();
    else {
      const watch = watchAccess(options);
      const { deadlineMs } = body;
      const cancel = deadlineMs === undefined ? () => {} : clock.after(deadlineMs, () => ending.abort());
      const rest = Readable.from(first.done ? [] : afterFirst(first.value, body.chunks), {
        objectMode: false,
      });
      // By the signal also where the client takes nothing, and so nothing is asked of the body.
      await pipeline(rest, response, { signal: ending.signal }).catch((error: unknown) => {
        if (!ending.signal.aborted) log.warn({ err: error }, 'a reply could not be sent to its end');
      });
      cancel();
      ending.abort();
      await watch;
    }
  } finally {
    await body.chunks.return(undefined);
  }
}

function headersOf({ type, filename }: StreamBody): Record<string, string> {
  return {
    'Content-Type': `${type}; charset=utf-8`,
    'Cache-Control': 'no-store',
    // nginx would hold events back.
    'X-Accel-Buffering': 'no',
    ...(filename === undefined ? {} : { 'Content-Disposition': `attachment; filename="${filename}"` }),
  };
}

async function* afterFirst(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

/** Never rejects: nobody waits for it before the body has ended. */
async function watchAccess(options: SendStreamOptions): Promise<void> {
  const { clock, ending, recheckMs } = options;
  const { signal } = ending;
  for (;;) {
    await clock.sleep(recheckMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    if (!(await isStillAllowed(options))) ending.abort();
  }
}

/** Where it cannot be found out, the answer is no: the client asks again and is told why. */
async function isStillAllowed({ stillMay, log }: SendStreamOptions): Promise<boolean> {
  try {
    return await stillMay();
  } catch (error) {
    log.error({ err: error }, 'whether a reply may go on could not be found out');
    return false;
  }
}
