import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import { CONTEXT_SAMPLES, ROW_SAMPLES, SileroModel, STATE_SIZE } from './silero-model.ts';
import { DETECTOR_FRAME_SAMPLES, type SpeechDetector, type SpeechDetectors } from './speech-detector.ts';
import { SILENCE_PROBABILITY } from './speech-start.ts';

/**
 * Silero's voice activity detection over all calls of a pod. Frames that arrive within some
 * milliseconds are judged in one run of the model, which costs a third of single runs; a run blocks
 * the event loop, so its rows are capped, and the loop gets its turn in between.
 *
 * All calls are judged at 8 kHz, also wideband ones: half the work for the same decisions.
 */
export class VoiceActivity implements SpeechDetectors {
  readonly #model: SileroModel;
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: WaitingFrame[] = [];
  #scheduled = false;
  #dropped = 0;
  #judged = 0;
  #closed = false;
  #run = Promise.resolve();

  private constructor(model: SileroModel, { clock, log }: VoiceActivityOptions) {
    this.#model = model;
    this.#clock = clock;
    this.#log = log;
  }

  /** Loads the model and runs it once, so that the first call finds it warm. */
  static async load(options: VoiceActivityOptions): Promise<VoiceActivity> {
    const activity = new VoiceActivity(await SileroModel.load(), options);
    await activity.#judge([
      { stream: new Stream(), frame: new Int16Array(DETECTOR_FRAME_SAMPLES), done: () => {} },
    ]);
    return activity;
  }

  /** Frames that were not judged because their call had too many waiting. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Frames that the model was run on. */
  get judged(): number {
    return this.#judged;
  }

  /** Frees the model; whatever still waits is never judged. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = [];
    await this.#run;
    await this.#model.release();
  }

  open(): SpeechDetector {
    const stream = new Stream();
    return {
      detect: (frame, done, spare = false) => {
        if (spare && stream.maySkip()) done(stream.probability);
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
    if (frame.stream.closed || this.#closed) return;
    if (frame.stream.waiting >= MAX_WAITING_FRAMES) {
      this.#dropped++;
      return;
    }
    frame.stream.waiting++;
    this.#waiting.push(frame);
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#clock.after(COLLECT_MS, () => {
      this.#run = this.#runAll();
    });
  }

  /**
   * Judges all that waits now, and leaves what comes meanwhile to the next collection; never rejects. Each run
   * waits for a turn of the event loop by itself.
   */
  async #runAll(): Promise<void> {
    for (let left = this.#waiting.length; left > 0 && this.#waiting.length > 0; left -= MAX_ROWS) {
      const rows = this.#takeRows();
      try {
        await this.#judge(rows);
      } catch (error) {
        this.#log.error({ err: error, rows: rows.length }, 'voice activity could not be judged');
        for (const { stream, done } of rows) if (!stream.closed) done(0);
      }
    }
    this.#scheduled = false;
    if (this.#waiting.length > 0) this.#schedule();
  }

  /**
   * The oldest frames, one a stream: a stream's next frame needs the state after this one. Of a stream that
   * has fallen behind, all its frames are answered by the newest: turns of a busy loop come more seldom than frames.
   */
  #takeRows(): WaitingFrame[] {
    const rows = new Map<Stream, WaitingFrame>();
    const behind = new Set<Stream>();
    const later: WaitingFrame[] = [];
    for (const frame of this.#waiting) {
      const { stream } = frame;
      const row = rows.get(stream);
      if (row && behind.has(stream)) rows.set(stream, joined(row, frame));
      else if (row || rows.size >= MAX_ROWS) later.push(frame);
      else rows.set(stream, frame);
      if (!row && stream.waiting >= BEHIND_FRAMES) behind.add(stream);
    }
    for (const stream of rows.keys()) stream.waiting = behind.has(stream) ? 0 : stream.waiting - 1;
    this.#waiting = later;
    return [...rows.values()];
  }

  /** One run of the model; input is [rows, context + frame], state is [2, rows, 128]. */
  async #judge(rows: readonly WaitingFrame[]): Promise<void> {
    const input = new Float32Array(rows.length * ROW_SAMPLES);
    const state = new Float32Array(2 * rows.length * STATE_SIZE);
    for (const [row, { stream, frame }] of rows.entries()) {
      const at = row * ROW_SAMPLES;
      input.set(stream.context, at);
      for (let i = 0; i < frame.length; i++) input[at + CONTEXT_SAMPLES + i] = (frame[i] ?? 0) / 32_768;
      stream.context.set(input.subarray(at + ROW_SAMPLES - CONTEXT_SAMPLES, at + ROW_SAMPLES));
      for (const half of [0, 1]) {
        state.set(stream.halfOfState(half), (half * rows.length + row) * STATE_SIZE);
      }
    }
    this.#judged += rows.length;
    const { probabilities, state: states } = await this.#model.run(rows.length, input, state);
    for (const [row, { stream, done }] of rows.entries()) {
      for (const half of [0, 1]) {
        const at = (half * rows.length + row) * STATE_SIZE;
        stream.halfOfState(half).set(states.subarray(at, at + STATE_SIZE));
      }
      stream.probability = probabilities[row] ?? 0;
      if (!stream.closed) done(stream.probability);
    }
  }
}

export interface VoiceActivityOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

interface WaitingFrame {
  readonly stream: Stream;
  readonly frame: Int16Array;
  readonly done: (probability: number) => void;
}

/** Both answered by what is said of the later one. */
function joined(earlier: WaitingFrame, later: WaitingFrame): WaitingFrame {
  return {
    ...later,
    done(probability) {
      earlier.done(probability);
      later.done(probability);
    },
  };
}

/** Some 4 ms of blocking on one core, measured. */
const MAX_ROWS = 128;
/** 128 ms. */
const BEHIND_FRAMES = 4;
/**
 * Frames of different calls come evenly, and this gathers half of them: a run of few rows costs several times as
 * much a row. A quarter of the 60 ms that a decision may take.
 */
const COLLECT_MS = 15;
/** 2 s: a call that far behind is beyond catching up. */
const MAX_WAITING_FRAMES = 62;

/** What the model remembers of one call. */
class Stream {
  readonly context = new Float32Array(CONTEXT_SAMPLES);
  readonly #state = new Float32Array(2 * STATE_SIZE);
  /** Of its last frame that was judged. */
  probability = 0;
  waiting = 0;
  closed = false;
  #skipped = false;

  /** Every other frame of a silent caller, where none before it waits: its answer would come too early. */
  maySkip(): boolean {
    this.#skipped =
      !this.#skipped && !this.closed && this.waiting === 0 && this.probability < SILENCE_PROBABILITY;
    return this.#skipped;
  }

  halfOfState(half: number): Float32Array {
    return this.#state.subarray(half * STATE_SIZE, (half + 1) * STATE_SIZE);
  }
}
