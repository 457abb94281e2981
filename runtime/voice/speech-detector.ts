/** The port of voice activity detection: one detector a call, fed frame by frame in order. */
export interface SpeechDetector {
  /**
   * Judges `DETECTOR_FRAME_SAMPLES` at 8 kHz; `done` gets the probability of speech, 0–1, in the
   * order of the frames, some milliseconds later. Nothing comes after `close`. Of frames that are
   * `spare`, every other one may be answered with what the one before it got.
   */
  detect(frame: Int16Array, done: (probability: number) => void, spare?: boolean): void;
  close(): void;
}

export interface SpeechDetectors {
  open(): SpeechDetector;
}

export const DETECTOR_RATE_HZ = 8_000;
/** 32 ms, what Silero was trained on. */
export const DETECTOR_FRAME_SAMPLES = 256;
export const DETECTOR_FRAME_MS = 32;
