import type { TurnStages } from '#crds/ledger/ledger-event.ts';

/** Told of what happens to the audio of every call, for metrics. It measures and never touches. */
export interface VoiceObserver {
  /** A message of the carrier is no message we know the form of, and was skipped. */
  malformedFrame(): void;
  /** A frame of the caller came so much later than its stream's quickest ones. */
  frameCame(lateMs: number): void;
  /**
   * It was decided whether a frame is speech, so long after its last audio was due, and after it had come: what
   * lies between the two may be the network's.
   */
  frameJudged(sinceDueMs: number, sinceCameMs: number): void;
  /** A frame was not judged, because its call had too many waiting. */
  frameDropped(): void;
  /** The caller had to wait for audio inside an utterance. */
  underrun(): void;
  /** From the caller's last speech to the first audio of the reply, endpointing and engines included. */
  replied(ms: number, stages: TurnStages | undefined): void;
}
