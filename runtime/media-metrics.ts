import { Counter, Histogram } from 'prom-client';
import { PlainHistogram } from '#lib/metrics/plain-histogram.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { VoiceObserver } from './voice/voice-observer.ts';

/** Of the audio path, where 20 ms are a frame and 60 ms the most that a decision may take. */
const AUDIO_SECONDS = [0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.2, 0.5, 1, 2];
const STAGES = ['endpointing', 'stt', 'llm', 'tts', 'own'] as const;
const STAGE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 5];
const REPLY_SECONDS = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.3, 1.6, 2, 3, 5, 10];

/**
 * Measures what happens to the audio of all calls; nothing here has a label, so that it stays cheap. `onJudged`
 * is told how long each decision took.
 */
export function createMediaMetrics(registry: Registry, onJudged: (ms: number) => void): VoiceObserver {
  const registers = [registry];
  const malformed = new Counter({
    name: 'veralux_media_malformed_frames_total',
    help: 'Messages of the carrier on media sockets that could not be read and were skipped.',
    registers,
  });
  const lateness = new PlainHistogram({
    name: 'veralux_media_frame_lateness_seconds',
    help: "How much later than its stream's quickest frames a frame of the caller was taken.",
    buckets: AUDIO_SECONDS,
    registry,
  });
  const judged = new PlainHistogram({
    name: 'veralux_vad_decision_seconds',
    help: "From when a frame's last audio was due to the decision whether it is speech.",
    buckets: AUDIO_SECONDS,
    registry,
  });
  const dropped = new Counter({
    name: 'veralux_vad_dropped_frames_total',
    help: 'Frames that were not judged because their call had two seconds of them waiting.',
    registers,
  });
  const underruns = new Counter({
    name: 'veralux_playout_underruns_total',
    help: 'How often a caller had to wait for audio inside an utterance: must stay 0.',
    registers,
  });
  const replies = new Histogram({
    name: 'veralux_reply_seconds',
    help: "From the caller's last speech to the first audio of the reply, endpointing and engines included.",
    buckets: REPLY_SECONDS,
    registers,
  });
  const stages = new Histogram({
    name: 'veralux_turn_stage_seconds',
    help: 'Where that time went, by stage: endpointing, stt, llm, tts, own. What was done while something else was waited for took none.',
    labelNames: ['stage'],
    buckets: STAGE_SECONDS,
    registers,
  });
  return {
    malformedFrame: () => malformed.inc(),
    frameCame: (lateMs) => lateness.observe(lateMs / 1_000),
    frameJudged(sinceDueMs, sinceCameMs) {
      judged.observe(sinceDueMs / 1_000);
      onJudged(sinceCameMs);
    },
    frameDropped: () => dropped.inc(),
    underrun: () => underruns.inc(),
    replied(ms, spent) {
      replies.observe(ms / 1_000);
      if (!spent) return;
      for (const stage of STAGES) stages.observe({ stage }, spent[`${stage}Ms`] / 1_000);
    },
  };
}
