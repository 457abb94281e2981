import type { VoiceObserver } from '../voice-observer.ts';

/** Measures nothing. */
export const silentObserver: VoiceObserver = {
  malformedFrame: () => {},
  frameCame: () => {},
  frameJudged: () => {},
  frameDropped: () => {},
  underrun: () => {},
  replied: () => {},
};
