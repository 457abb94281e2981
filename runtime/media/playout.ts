import type { Clock } from '#lib/clock/clock.ts';
import type { AudioEncoder } from './audio-codec.ts';
import { formatMark, parseMark } from './mark-name.ts';
import { type MediaSocket, SOCKET_OPEN } from './media-socket.ts';
import { SentAudio } from './sent-audio.ts';
import { FRAME_MS, MARK_EVERY_MS, Utterance } from './utterance.ts';

/**
 * Plays the agent's utterances to the caller, one after another: frames sent a lead ahead of real
 * time, some at once, so that a late timer makes no gap; marks that tell what was heard; `clear` for a
 * barge-in. Writers wait while more than `maxQueuedMs` of audio waits here.
 */
export class Playout {
  readonly #options: PlayoutOptions;
  readonly #frameSamples: number;
  /** What of it was sent of late. */
  readonly sentAudio: SentAudio;
  #utterance: Utterance | undefined;
  #utterances = 0;
  #underruns = 0;
  /** Monotonic ms at which everything sent so far will have been played. */
  #playedAtMs = 0;
  /** There is nothing to be said for now, so that what comes next is not late. */
  #isResting = false;
  #stalledSinceMs: number | undefined;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(options: PlayoutOptions) {
    this.#options = options;
    this.sentAudio = new SentAudio(options.encoder.sampleRateHz);
    this.#frameSamples = (options.encoder.sampleRateHz * FRAME_MS) / 1000;
  }

  /** How often the caller had to wait for audio inside an utterance. */
  get underruns(): number {
    return this.#underruns;
  }

  /** Starts an utterance; what is left of the one before is given up. */
  begin(): void {
    this.#utterance?.settle();
    this.#utterance = new Utterance(this.#utterances++);
  }

  /** Takes samples at the carrier's rate; resolves when there is room for more, or all is over. */
  async write(samples: Int16Array): Promise<void> {
    const utterance = this.#utterance;
    if (!utterance || utterance.ended || this.#closed) return;
    utterance.queue(samples, this.#frameSamples, this.#options.encoder);
    this.#pump();
    if (utterance.queuedMs > this.#options.maxQueuedMs) await utterance.untilRoom();
  }

  /** The utterance has a pause here, such as while something is looked up: what follows is no underrun. */
  rest(): void {
    this.#isResting = true;
  }

  /** Ends the utterance: resolves once the caller has heard it all, or it was cleared. */
  async end(): Promise<void> {
    const utterance = this.#utterance;
    if (!utterance || this.#closed) return;
    utterance.finish(this.#frameSamples, this.#options.encoder);
    this.#pump();
    await utterance.played;
  }

  /** Milliseconds of the utterance that the caller has heard, judged by the marks that came back. */
  heardMs(): number {
    return this.#utterance?.heardMs(this.#options.clock.monotonic()) ?? 0;
  }

  /** Makes the carrier drop what it has queued; returns what was heard of the utterance. */
  clear(): number {
    const heardMs = this.heardMs();
    const utterance = this.#utterance;
    if (!utterance || this.#closed) return heardMs;
    utterance.settle();
    this.#utterance = undefined;
    this.#playedAtMs = 0;
    this.sentAudio.cleared(this.#options.clock.monotonic());
    this.#send({ event: 'clear' });
    this.#stopTimer();
    return heardMs;
  }

  /** A mark came back from the carrier. */
  marked(name: string): void {
    const mark = parseMark(name);
    const utterance = this.#utterance;
    if (!mark || mark.generation !== this.#options.generation) return;
    if (!utterance || mark.utterance !== utterance.number) return;
    utterance.heardUpTo(mark.index, this.#options.clock.monotonic());
  }

  close(): void {
    this.#closed = true;
    this.#stopTimer();
    this.#utterance?.settle();
  }

  /** Sends what is due and sets the timer for the next message. */
  #pump(): void {
    this.#stopTimer();
    const utterance = this.#utterance;
    if (!utterance || this.#closed) return;
    const nowMs = this.#options.clock.monotonic();
    if (this.#congested(nowMs)) {
      this.#wakeIn(FRAME_MS);
      return;
    }
    const { leadMs, load } = this.#options;
    const aheadMs = load?.strained ? leadMs * STRAINED_LEAD : leadMs;
    const most = this.#options.encoder.canJoin ? MAX_MESSAGE_FRAMES : 1;
    for (let due = this.#dueFrames(aheadMs, nowMs); utterance.queuedMs > 0 && due > 0; ) {
      const untilMark = (MARK_EVERY_MS + utterance.lastMarkMs - utterance.sentMs) / FRAME_MS;
      due -= this.#sendFrames(utterance, Math.min(due, most, untilMark), nowMs);
    }
    if (utterance.queuedMs > 0) {
      this.#wakeIn(this.#playedAtMs - nowMs - aheadMs + periodMsOf(aheadMs));
    } else if (utterance.ended) {
      if (utterance.sentMs > utterance.lastMarkMs || utterance.sentMs === 0) this.#sendMark(utterance);
      this.#cancelTimer = this.#options.clock.after(
        Math.max(0, this.#playedAtMs - nowMs) + MARK_GRACE_MS,
        () => utterance.settle(),
      );
      utterance.awaitLastMark(this.#stopTimer.bind(this));
    }
  }

  /** How many frames are missing from the lead. */
  #dueFrames(leadMs: number, nowMs: number): number {
    return Math.floor((leadMs - Math.max(0, this.#playedAtMs - nowMs)) / FRAME_MS);
  }

  /** Sends so many frames as one message, or as many as there are; returns how many. */
  #sendFrames(utterance: Utterance, count: number, nowMs: number): number {
    const frames = utterance.take(count);
    const ms = frames.length * FRAME_MS;
    if (utterance.sentMs > 0 && this.#playedAtMs < nowMs && !this.#isResting) {
      this.#underruns++;
      this.#options.onUnderrun?.();
    }
    this.#isResting = false;
    utterance.sent(ms, nowMs);
    const atMs = Math.max(this.#playedAtMs, nowMs);
    this.#playedAtMs = atMs + ms;
    for (const [index, { samples }] of frames.entries())
      this.sentAudio.sent(samples, atMs + index * FRAME_MS);
    const [first] = frames;
    const payload =
      first && frames.length === 1 ? first.payload : Buffer.concat(frames.map((frame) => frame.payload));
    this.#send({ event: 'media', media: { payload: payload.toString('base64') } });
    if (utterance.sentMs - utterance.lastMarkMs >= MARK_EVERY_MS) this.#sendMark(utterance);
    return frames.length;
  }

  #sendMark(utterance: Utterance): void {
    const { generation } = this.#options;
    const name = formatMark({ generation, utterance: utterance.number, index: utterance.placeMark() });
    this.#send({ event: 'mark', mark: { name } });
  }

  #send(message: object): void {
    if (this.#options.socket.readyState === SOCKET_OPEN) this.#options.socket.send(JSON.stringify(message));
  }

  /** Whether the socket takes nothing more for now; reports it when that lasts. */
  #congested(nowMs: number): boolean {
    if (this.#options.socket.bufferedAmount <= MAX_SOCKET_BUFFERED_BYTES) {
      this.#stalledSinceMs = undefined;
      return false;
    }
    this.#stalledSinceMs ??= nowMs;
    if (nowMs - this.#stalledSinceMs >= MAX_STALL_MS) {
      this.close();
      this.#options.onStalled();
    }
    return true;
  }

  #wakeIn(ms: number): void {
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.after(Math.max(1, ms), () => this.#pump());
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

export interface PlayoutOptions {
  readonly socket: MediaSocket;
  readonly encoder: AudioEncoder;
  readonly clock: Clock;
  /** The stream's generation, for the marks. */
  readonly generation: number;
  /** How far ahead of real time frames are sent. */
  readonly leadMs: number;
  /** Absent: never strained. */
  readonly load?: { readonly strained: boolean };
  /** Audio that may wait here before writers wait. */
  readonly maxQueuedMs: number;
  /** The peer takes no more data: the call's media is lost. */
  readonly onStalled: () => void;
  /** The caller has to wait for audio inside an utterance. */
  readonly onUnderrun?: () => void;
}

/** 240 ms. What is due at once goes in one message: the carrier takes up to 30 s. */
const MAX_MESSAGE_FRAMES = 12;
/** A message costs the same however long it is; one of a third of the lead leaves the carrier the rest of it. */
function periodMsOf(leadMs: number): number {
  return Math.floor(leadMs / 3 / FRAME_MS) * FRAME_MS;
}

/** A busy pod sends further ahead by this factor, and more at once, of which the caller hears nothing. */
const STRAINED_LEAD = 1.2;
/** A last mark that has not come back this long after the audio's end is not waited for. */
const MARK_GRACE_MS = 1_500;
const MAX_SOCKET_BUFFERED_BYTES = 256 * 1024;
const MAX_STALL_MS = 5_000;
