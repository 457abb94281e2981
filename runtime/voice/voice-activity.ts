import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import { AUDIBLE_LEVEL, isAudible } from './loudness.ts';
import { MAX_ROWS, Memory, SileroModel } from './silero-model.ts';
import { DETECTOR_FRAME_SAMPLES, type SpeechDetector, type SpeechDetectors } from './speech-detector.ts';
import { SILENCE_PROBABILITY } from './speech-start.ts';
import type { VoiceObserver } from './voice-observer.ts';

/**
 * Silero's voice activity detection over all calls of a pod. Frames that arrive within some
 * milliseconds are judged in one run of the model; a run blocks the event loop, so its rows are
 * capped, and the loop gets its turn in between.
 *
 * All calls are judged at 8 kHz, also wideband ones: half the work for the same decisions.
 */
export class VoiceActivity implements SpeechDetectors {
  readonly #model: SileroModel;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #observer: VoiceActivityOptions['observer'];
  #waiting: WaitingFrame[] = [];
  #scheduled = false;
  #judged = 0;

  /** Loads the model and runs it, until the first call finds it as fast as it gets. */
  constructor({ clock, log, observer }: VoiceActivityOptions) {
    this.#model = SileroModel.load();
    this.#clock = clock;
    this.#log = log;
    this.#observer = observer;
    const stream = new Stream();
    const frame = new Int16Array(DETECTOR_FRAME_SAMPLES);
    for (let run = 0; run < WARMING_RUNS; run++) this.#judge([{ stream, frame, done: () => {} }]);
    this.#judged = 0;
  }

  /** Frames that the model was run on. */
  get judged(): number {
    return this.#judged;
  }

  open(): SpeechDetector {
    const stream = new Stream();
    return {
      detect: (frame, done, spare = false) => {
        if (stream.isStill(frame)) done(0);
        else if (spare && stream.maySkip()) done(stream.probability);
        else this.#submit({ stream, frame, done });
      },
      close: () => {
        stream.closed = true;
        this.#waiting = this.#waiting.filter((waiting) => waiting.stream !== stream);
      },
    };
  }

  #submit(frame: WaitingFrame): void {
    if (frame.frame.length !== DETECTOR_FRAME_SAMPLES) throw new RangeError('a frame has 256 samples');
    if (frame.stream.closed) return;
    if (frame.stream.waiting >= MAX_WAITING_FRAMES) {
      this.#observer.frameDropped();
      return;
    }
    frame.stream.waiting++;
    this.#waiting.push(frame);
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#clock.after(COLLECT_MS, () => void this.#runAll());
  }

  /**
   * Judges all that waits now, and leaves what comes meanwhile to the next collection; never rejects. The event loop
   * gets its turn after some milliseconds, not after each run: the turns of a busy loop are long, and frames would pile up.
   */
  async #runAll(): Promise<void> {
    let sinceMs = this.#clock.monotonic();
    for (const stream of new Set(this.#waiting.map((frame) => frame.stream))) stream.collected();
    let left = this.#waiting.length;
    while (left > 0 && this.#waiting.length > 0) {
      const waiting = this.#waiting.length;
      const rows = this.#takeRows();
      left -= waiting - this.#waiting.length;
      this.#judge(rows);
      if (this.#clock.monotonic() - sinceMs < MAX_BLOCKED_MS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sinceMs = this.#clock.monotonic();
    }
    this.#scheduled = false;
    if (this.#waiting.length > 0) this.#schedule();
  }

  /**
   * The oldest frames, one a stream: a stream's next frame needs the state after this one. Of a stream that
   * stays behind, all its frames are answered by the newest: turns of a busy loop come more seldom than frames.
   */
  #takeRows(): WaitingFrame[] {
    const rows = new Map<Stream, WaitingFrame>();
    const later: WaitingFrame[] = [];
    for (const frame of this.#waiting) {
      const { stream } = frame;
      const row = rows.get(stream);
      if (row && stream.staysBehind) rows.set(stream, joined(row, frame));
      else if (row || rows.size >= MAX_ROWS) later.push(frame);
      else rows.set(stream, frame);
    }
    for (const stream of rows.keys()) stream.waiting = stream.staysBehind ? 0 : stream.waiting - 1;
    this.#waiting = later;
    return [...rows.values()];
  }

  /** One run of the model. A call whose turns break over an answer does not take it from the others. */
  #judge(rows: readonly WaitingFrame[]): void {
    let row = 0;
    for (const { stream, frame } of rows) this.#model.put(row++, stream.memory, frame);
    this.#model.run(rows.length);
    this.#judged += rows.length;
    row = 0;
    for (const { stream, done } of rows) {
      stream.judged(this.#model.take(row++, stream.memory));
      if (stream.closed) continue;
      try {
        done(stream.probability);
      } catch (error) {
        this.#log.error({ err: error }, 'what voice activity was judged to be could not be taken');
      }
    }
  }
}

export interface VoiceActivityOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly observer: Pick<VoiceObserver, 'frameDropped'>;
}

interface WaitingFrame {
  readonly stream: Stream;
  readonly frame: Int16Array;
  readonly done: (probability: number) => void;
}

/** Both answered by what is said of the later one, the later also where the call's turns break over the earlier. */
function joined(earlier: WaitingFrame, later: WaitingFrame): WaitingFrame {
  return {
    ...later,
    done(probability) {
      try {
        earlier.done(probability);
      } finally {
        later.done(probability);
      }
    },
  };
}

/** 128 ms. */
const BEHIND_FRAMES = 4;
/** Frames of different calls come evenly: this makes batches of some size, at a sixth of the 60 ms that a decision may take. */
const COLLECT_MS = 10;
/** A fifth of a frame: what waits in sockets meanwhile is not noticed. */
const MAX_BLOCKED_MS = 4;
/** V8 compiles the kernel better once it is used. */
const WARMING_RUNS = 100;
/** 5 s: what comes at once after a pod or a network stood still is heard, and a call further behind is beyond catching up. */
const MAX_WAITING_FRAMES = 156;

/** A quarter of a second: the model hears the end of each word, and the first breath of the silence after it. */
const STILL_AFTER_FRAMES = 8;

/** One call. */
class Stream {
  readonly memory = new Memory();
  /** Of its last frame that was judged. */
  probability = 0;
  waiting = 0;
  closed = false;
  /** Whether it was behind in two collections in a row: one alone is a burst, which is judged frame by frame. */
  staysBehind = false;
  #wasBehind = false;
  #skipped = false;
  /** Frames in a row that were judged to be silence. */
  #silentFrames = 0;

  /** At the beginning of a collection that has frames of it. */
  collected(): void {
    const isBehind = this.waiting >= BEHIND_FRAMES;
    this.staysBehind = isBehind && this.#wasBehind;
    this.#wasBehind = isBehind;
  }

  judged(probability: number): void {
    this.probability = probability;
    this.#silentFrames = probability < SILENCE_PROBABILITY ? this.#silentFrames + 1 : 0;
  }

  /**
   * Whether the line is still, and was silent for some time: that needs no model, and is most of a call. Not where a
   * frame before it waits, as its answer would come too early.
   */
  isStill(frame: Int16Array): boolean {
    return (
      this.#silentFrames >= STILL_AFTER_FRAMES &&
      this.waiting === 0 &&
      !this.closed &&
      !isAudible(frame, AUDIBLE_LEVEL)
    );
  }

  /** Every other frame of a silent caller, where none before it waits: its answer would come too early. */
  maySkip(): boolean {
    this.#skipped =
      !this.#skipped && !this.closed && this.waiting === 0 && this.probability < SILENCE_PROBABILITY;
    return this.#skipped;
  }
}
