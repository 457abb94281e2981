import { EventEmitter } from 'node:events';
import type { Clock } from '#lib/clock/clock.ts';
import { MU_LAW } from '#runtime/media/g711.ts';
import { type MediaSocket, SOCKET_OPEN } from '#runtime/media/media-socket.ts';

/**
 * The carrier's end of a media socket, on an injected clock: plays what it is sent in real time,
 * returns each mark when it is reached and all of them on `clear`, and sends a caller's audio frame
 * by frame. PCMU at 8 kHz.
 */
export class FakeCarrier extends EventEmitter implements MediaSocket {
  readonly #clock: Clock;
  /** What gives each mark back, and forgets it. */
  readonly #marks = new Map<() => void, () => void>();
  #playedAtMs = 0;
  #chunk = 0;
  #speechFrames = 0;
  #amplitude = 0;
  #stopFrames: (() => void) | undefined;
  bufferedAmount = 0;
  readyState = SOCKET_OPEN;
  /** How many milliseconds of audio were sent, and how many `clear`s came. */
  sentMs = 0;
  clears = 0;
  /** What the line sends frame by frame, instead of what `speak` says. */
  caller: ((agentSounds: boolean) => Int16Array) | undefined;
  /** Told of all sound that is to be played, and when; and of what will not be. */
  onPlay: ((samples: Int16Array, atMs: number) => void) | undefined;
  onClear: (() => void) | undefined;
  /** The sizes of the audio messages that came. */
  readonly frameBytes = new Set<number>();

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  send(data: string): void {
    const message: { event: string; media?: { payload: string }; mark?: { name: string } } = JSON.parse(data);
    if (message.media) this.#play(Buffer.from(message.media.payload, 'base64'));
    if (message.mark) this.#queueMark(message.mark.name);
    if (message.event === 'clear') {
      this.clears++;
      this.#playedAtMs = 0;
      this.onClear?.();
      for (const giveBack of this.#marks.keys()) giveBack();
    }
  }

  close(): void {
    this.readyState = 3;
    this.#stopFrames?.();
    for (const forget of this.#marks.values()) forget();
    queueMicrotask(() => this.emit('close', 1000));
  }

  /** Announces the stream and starts the caller's line, silent at first. */
  start(encoding = 'PCMU'): void {
    this.say({ event: 'connected', version: '1.0.0' });
    const media_format = { encoding, sample_rate: 8000, channels: 1 };
    this.say({ event: 'start', sequence_number: '1', start: { call_control_id: 'v3:call', media_format } });
    this.#nextFrame();
  }

  /** The caller speaks for so long, from now on. */
  speak(ms: number, amplitude = 8_000): void {
    this.#amplitude = amplitude;
    this.#speechFrames = ms / 20;
  }

  /** Whether the agent is heard now. */
  get sounding(): boolean {
    return this.#playedAtMs > this.#clock.monotonic();
  }

  /** The caller presses keys, 200 ms apart; each is told of at once, whatever the order of `digits`. */
  press(digits: string, firstAtMs = this.#clock.now()): void {
    for (const [index, digit] of digits.split('').entries()) this.tellKey(digit, firstAtMs + index * 200);
  }

  tellKey(digit: string, pressedAtMs: number): void {
    this.say({ event: 'dtmf', occurred_at: new Date(pressedAtMs).toISOString(), dtmf: { digit } });
  }

  stop(): void {
    this.say({ event: 'stop', stop: {} });
  }

  say(message: object): void {
    this.emit('message', Buffer.from(JSON.stringify(message)), false);
  }

  #nextFrame(): void {
    const samples = this.caller?.(this.sounding) ?? this.#spoken();
    const payload = Buffer.from(samples.map((sample) => MU_LAW.toCode[sample + 32_768] ?? 0)).toString(
      'base64',
    );
    const chunk = String(++this.#chunk);
    this.say({ event: 'media', sequence_number: chunk, media: { track: 'inbound', chunk, payload } });
    if (this.readyState === SOCKET_OPEN) this.#stopFrames = this.#clock.after(20, () => this.#nextFrame());
  }

  #spoken(): Int16Array {
    const loud = this.#speechFrames > 0;
    if (loud) this.#speechFrames--;
    return Int16Array.from({ length: 160 }, (_, i) => (loud ? this.#amplitude * Math.sin(i) : 0));
  }

  #play(payload: Buffer): void {
    this.frameBytes.add(payload.length);
    const ms = payload.length / 8;
    this.sentMs += ms;
    const atMs = Math.max(this.#playedAtMs, this.#clock.monotonic());
    this.#playedAtMs = atMs + ms;
    this.onPlay?.(
      Int16Array.from(payload, (code) => MU_LAW.toLinear[code] ?? 0),
      atMs,
    );
  }

  #queueMark(name: string): void {
    const giveBack = () => {
      cancel();
      this.#marks.delete(giveBack);
      this.say({ event: 'mark', mark: { name } });
    };
    const cancel = this.#clock.after(this.#playedAtMs - this.#clock.monotonic(), giveBack);
    this.#marks.set(giveBack, cancel);
  }
}
