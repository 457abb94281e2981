import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { Session, SessionContext } from '#runtime/call/session-port.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import { type AudioCodec, codecFor } from '#runtime/media/audio-codec.ts';
import { type CarrierMessage, parseCarrierMessage } from '#runtime/media/carrier-message.ts';
import { LOOK_AGAIN_MS, type MediaSocket, SOCKET_OPEN, textOf } from '#runtime/media/media-socket.ts';
import type { SessionParts } from './session-parts.ts';
import { openStream, type Stream } from './stream.ts';

/**
 * One media socket and its conversation: owns the abort signal and the order of teardown.
 *
 *   waiting ── start ──▶ talking ── last word played ──▶ finished ── close() ──▶ closed
 *                           └── rest() ──▶ silent, until the carrier ends it ──▶ disconnected
 *      └──────── stop, socket closed, no start in time ──▶ disconnected ── close() ──┘
 */
export class MediaSession implements Session {
  readonly #socket: MediaSocket;
  readonly #context: SessionContext;
  readonly #parts: SessionParts;
  readonly #log: Logger;
  readonly #ended = new AbortController();
  readonly #cancelStartTimer: () => void;
  #stream: Stream | undefined;
  /** The conversation's task; settles after its last event. */
  #talk: Promise<void> = Promise.resolve();
  #reported = false;
  #malformed = 0;
  /** Audio that came while the stream's coders were being made. */
  readonly #early: MessageOf<'media'>[] = [];
  #starting = false;

  constructor(socket: MediaSocket, context: SessionContext, parts: SessionParts) {
    this.#socket = socket;
    this.#context = context;
    this.#parts = parts;
    this.#log = parts.log.child({ callID: context.callID, generation: context.generation });
    this.#cancelStartTimer = this.#awaitStart();
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? '' : textOf(data)));
    socket.on('close', () => this.#disconnect(false));
    socket.on('error', (error) => this.#log.info({ err: error }, 'the media socket failed'));
  }

  #awaitStart(): () => void {
    const { clock, options } = this.#parts;
    let cancel = clock.after(options.startTimeoutMs, () => {
      cancel = clock.after(LOOK_AGAIN_MS, () => this.#disconnect(false));
    });
    return () => cancel();
  }

  conversation(): ConversationState {
    return this.#stream?.conversation.state ?? this.#context.conversation;
  }

  get paused(): boolean {
    return !this.#ended.signal.aborted && !this.#reported && (this.#stream?.paused ?? false);
  }

  rest(): void {
    this.#fallSilent();
  }

  close(): Promise<void> {
    this.#reported = true;
    this.#tearDown();
    return this.#talk;
  }

  #receive(text: string): void {
    if (this.#ended.signal.aborted) return;
    const message = parseCarrierMessage(text);
    const handle = this.#handlers[message.event];
    // The table's key and its handler's message belong together; the compiler cannot see it.
    handle(message as never);
  }

  readonly #handlers: { readonly [E in CarrierMessage['event']]: (message: MessageOf<E>) => void } = {
    connected: () => {},
    start: (message) => this.#start(message),
    media: (message) => {
      if (message.track !== 'inbound') return;
      if (this.#stream) this.#stream.media(message);
      else if (this.#starting && this.#early.length < MAX_EARLY) this.#early.push(message);
    },
    mark: ({ name }) => this.#stream?.mark(name),
    dtmf: ({ digit, pressedAtMs }) => this.#stream?.key(digit, pressedAtMs),
    stop: () => this.#disconnect(true),
    error: ({ code, title }) =>
      this.#log.warn({ carrierCode: code, title }, 'the carrier reports a media error'),
    unknown: () => {},
    malformed: () => this.#countMalformed(),
  };

  #countMalformed(): void {
    this.#malformed++;
    this.#parts.observer.malformedFrame();
  }

  #start({ format }: MessageOf<'start'>): void {
    if (this.#starting) return;
    this.#starting = true;
    this.#cancelStartTimer();
    const codec = codecFor(format, this.#parts.options.l16ByteOrder);
    if (!codec) {
      this.#log.error(
        { code: 'media_format_unsupported', format },
        'the stream has a format we cannot decode',
      );
      this.#finish('RuntimeError', false);
      return;
    }
    this.#talk = this.#hold(codec);
  }

  /** Never rejects: what ends a conversation becomes its reason. */
  async #hold(codec: AudioCodec): Promise<void> {
    try {
      const stream = await this.#open(codec);
      if (stream) this.#finish(await stream.conversation.hold(this.#ended.signal), true);
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      const engine = error instanceof EngineError;
      this.#log.error({ err: error }, engine ? 'an engine ended the conversation' : 'the conversation broke');
      this.#finish(engine ? 'EnginesFailed' : 'RuntimeError', false);
    }
  }

  /** Undefined where all is over by the time that the coders are there. */
  async #open(codec: AudioCodec): Promise<Stream | undefined> {
    const [decoder, encoder] = await Promise.all([
      codec.openDecoder(() => this.#countMalformed()),
      this.#parts.sendCodec.openEncoder(),
    ]);
    if (this.#ended.signal.aborted) {
      decoder.close();
      encoder.close();
      return undefined;
    }
    const stream = openStream({
      socket: this.#socket,
      decoder,
      encoder,
      context: this.#context,
      parts: this.#parts,
      onStalled: () => this.#disconnect(false),
    });
    this.#stream = stream;
    for (const message of this.#early.splice(0)) stream.media(message);
    return stream;
  }

  #finish(reason: HangupReason, told: boolean): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#context.events.finished(reason, told);
  }

  /** The stream is over: the agent's last turn is reported as far as it was heard, then the end. */
  #disconnect(stopped: boolean): void {
    this.#tearDown();
    if (this.#reported) return;
    this.#reported = true;
    void this.#talk.then(() => this.#context.events.disconnected(stopped));
  }

  #tearDown(): void {
    this.#fallSilent();
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.close(1000);
  }

  #fallSilent(): void {
    if (this.#ended.signal.aborted) return;
    this.#cancelStartTimer();
    this.#ended.abort();
    const counts = this.#stream?.close();
    this.#log.info({ ...counts, malformedFrames: this.#malformed }, 'media session ended');
  }
}

/** A second of it: coders are there within a turn of the event loop. */
const MAX_EARLY = 50;

type MessageOf<E extends CarrierMessage['event']> = Extract<CarrierMessage, { event: E }>;
