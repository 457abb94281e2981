import { once } from 'node:events';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { textOf } from '#runtime/media/media-socket.ts';

const FRAME_MS = 20;
/** 20 ms of silence in PCMU. */
const SILENCE = Buffer.alloc(160, 0xff).toString('base64');
const FORMAT = { encoding: 'PCMU', sample_rate: 8_000, channels: 1 };
/** With it an entry of keys ends at once. */
const KEY = '#';

const messageSchema = z.object({ event: z.string(), mark: z.object({ name: z.string() }).optional() });

/** A media socket of the carrier, with a caller who is silent but for a key, and hears everything as soon as it is sent. */
export class RehearsalStream {
  readonly #socket: WebSocket;
  #frames: NodeJS.Timeout | undefined;
  #sequence = 0;
  #heard: () => void = () => undefined;

  constructor(url: string, token: string) {
    this.#socket = new WebSocket(url, { headers: { 'x-telnyx-streaming-auth-token': token } });
    this.#socket.on('error', () => undefined);
  }

  /** Resolves once the agent has said something, and something more after a key was pressed. Rejects where it is hung up on. */
  async converse(): Promise<void> {
    await once(this.#socket, 'open');
    const { promise: cutOff, reject } = Promise.withResolvers<never>();
    this.#socket.once('close', (code) => reject(new Error(`the media socket was closed with ${code}`)));
    this.#socket.on('message', (data) => this.#hear(messageSchema.parse(JSON.parse(textOf(data)))));
    const greeting = this.#speech();
    this.#send('connected', { version: '1.0.0' });
    this.#send('start', { start: { media_format: FORMAT } });
    this.#frames = setInterval(() => this.#sendFrame(), FRAME_MS);
    await Promise.race([greeting, cutOff]);
    const reply = this.#speech();
    this.#send('dtmf', { occurred_at: new Date().toISOString(), dtmf: { digit: KEY } });
    await Promise.race([reply, cutOff]);
  }

  /** Resolves when the socket is gone. */
  async close(): Promise<void> {
    clearInterval(this.#frames);
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, 'close');
    this.#socket.close(1000);
    await closed;
  }

  /** The next audio of the agent. */
  #speech(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#heard = resolve;
    return promise;
  }

  #hear({ event, mark }: z.output<typeof messageSchema>): void {
    if (event === 'media') this.#heard();
    if (event === 'mark' && mark) this.#send('mark', { mark });
  }

  #sendFrame(): void {
    const timestamp = String(this.#sequence * FRAME_MS);
    const media = { track: 'inbound', chunk: String(this.#sequence + 1), timestamp, payload: SILENCE };
    this.#send('media', { media });
  }

  #send(event: string, content: object): void {
    this.#sequence += 1;
    const envelope = { event, sequence_number: String(this.#sequence), stream_id: 'rehearsal' };
    this.#socket.send(JSON.stringify({ ...envelope, ...content }));
  }
}
