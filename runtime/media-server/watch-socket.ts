import type { WebSocket } from 'ws';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';

/** The carrier's `start` follows the upgrade at once; a socket without it is of no use. */
const START_TIMEOUT_MS = 10_000;
/** The carrier sends a frame every 20 ms, also of silence: a socket without any is broken. */
const IDLE_TIMEOUT_MS = 15_000;
/** Messages before `start` in which it is looked for: `connected` is the only one expected. */
const MAX_MESSAGES_BEFORE_START = 50;

/**
 * Cuts a media socket that never starts or has gone quiet: its `close` tells the session. Also the
 * one listener for its errors, which would otherwise end the process.
 */
export function watchSocket(socket: WebSocket, options: { clock: Clock; log: Logger }): void {
  const { clock, log } = options;
  let lastMs = clock.monotonic();
  let started = false;
  let messages = 0;
  const cut = (why: string) => {
    log.warn({ why }, 'a media socket was cut');
    socket.terminate();
  };
  const onMessage = (data: Buffer) => {
    lastMs = clock.monotonic();
    if (started) return;
    messages += 1;
    // The session parses messages; here the word is enough, and only until it came.
    started = data.includes('"start"');
    if (!started && messages > MAX_MESSAGES_BEFORE_START) cut('NoStart');
  };
  const look = () => {
    const silentMs = clock.monotonic() - lastMs;
    if (silentMs >= IDLE_TIMEOUT_MS) cut('Idle');
    else cancel = clock.after(IDLE_TIMEOUT_MS - silentMs, look);
  };
  let cancel = clock.after(START_TIMEOUT_MS, () => {
    if (started) look();
    else cut('NoStart');
  });
  socket.on('message', onMessage);
  socket.on('error', (error) => log.warn({ err: error }, 'a media socket failed'));
  socket.once('close', () => cancel());
}
