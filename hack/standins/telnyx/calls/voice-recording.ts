import { randomUUID } from 'node:crypto';
import { encodeWav } from '#hack/engines/wav.ts';
import { FRAME_MS } from '../media/play-out.ts';
import { LINE_HZ } from '../media/stereo-recording.ts';
import type { RecordStartBody } from '../rest/request-bodies.ts';

export interface VoiceRecordingOptions {
  readonly body: RecordStartBody;
  readonly startedAt: string;
  /** It ended by itself: its length or the silence was reached. */
  readonly onEnd: () => void;
}

const FRAME_SAMPLES = (LINE_HZ / 1_000) * FRAME_MS;
/** What is kept in memory of one recording; it goes on beyond that without keeping more. */
const MAX_KEPT_FRAMES = (10 * 60_000) / FRAME_MS;

/** What `record_start` asks for: audio of a leg until its length, silence after speech, a command or the end. */
export class VoiceRecording {
  readonly id = randomUUID();
  readonly startedAt: string;
  readonly channels: 'single' | 'dual';
  readonly #options: VoiceRecordingOptions;
  readonly #frames: Int16Array[] = [];
  #lengthMs = 0;
  #silentMs = 0;
  #spoke = false;
  #over = false;

  constructor(options: VoiceRecordingOptions) {
    this.#options = options;
    this.startedAt = options.startedAt;
    const { channels, recording_track: track = 'both' } = options.body;
    this.channels = track === 'both' ? channels : 'single';
  }

  get lengthMs(): number {
    return this.#lengthMs;
  }

  /** 20 ms of both sides at 16 kHz; absent is silence. */
  frame(said: Int16Array | undefined, heard: Int16Array | undefined): void {
    if (this.#over) return;
    if (this.#frames.length < MAX_KEPT_FRAMES) this.#frames.push(this.#mix(said, heard));
    this.#lengthMs += FRAME_MS;
    this.#silentMs = said === undefined ? this.#silentMs + FRAME_MS : 0;
    this.#spoke ||= said !== undefined;
    const { max_length: maxSeconds = 0, timeout_secs: silenceSeconds = 0 } = this.#options.body;
    const tooLong = maxSeconds > 0 && this.#lengthMs >= maxSeconds * 1_000;
    const wentQuiet = silenceSeconds > 0 && this.#spoke && this.#silentMs >= silenceSeconds * 1_000;
    if (tooLong || wentQuiet) this.#options.onEnd();
  }

  /** Ends it; the WAV. */
  end(): Buffer {
    this.#over = true;
    const size = this.#frames[0]?.length ?? 0;
    const samples = new Int16Array(this.#frames.length * size);
    for (const [index, frame] of this.#frames.entries()) samples.set(frame, index * size);
    this.#frames.length = 0;
    return encodeWav({ sampleRateHz: LINE_HZ, samples }, this.channels === 'dual' ? 2 : 1);
  }

  #mix(said: Int16Array | undefined, heard: Int16Array | undefined): Int16Array {
    const { recording_track: track = 'both' } = this.#options.body;
    if (track === 'inbound') return said ?? SILENCE;
    if (track === 'outbound') return heard ?? SILENCE;
    const step = this.channels === 'dual' ? 2 : 1;
    const mixed = new Int16Array(FRAME_SAMPLES * step);
    for (let i = 0; i < FRAME_SAMPLES; i += 1) {
      const [left, right] = [said?.[i] ?? 0, heard?.[i] ?? 0];
      mixed[i * step] = step === 2 ? left : Math.max(-32_768, Math.min(32_767, left + right));
      if (step === 2) mixed[i * step + 1] = right;
    }
    return mixed;
  }
}

const SILENCE = new Int16Array(FRAME_SAMPLES);
