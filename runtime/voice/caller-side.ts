import type { SessionContext } from '#runtime/call/session-port.ts';
import { ArrivalClock } from '#runtime/media/arrival-clock.ts';
import type { AudioDecoder } from '#runtime/media/audio-codec.ts';
import { ReorderWindow } from '#runtime/media/reorder-window.ts';
import type { SentAudio } from '#runtime/media/sent-audio.ts';
import type { AgentVoice } from './agent-voice.ts';
import { type Arrival, CallerAudio, type CallerAudioOptions } from './caller-audio.ts';
import { DigitCollector } from './digit-collector.ts';
import { EchoGate } from './echo-gate.ts';
import { Floor } from './floor.ts';
import { Listener } from './listener.ts';
import type { SessionParts } from './session-parts.ts';
import { SILENCE_PROBABILITY } from './speech-start.ts';
import type { Stream, StreamCounts } from './stream.ts';
import { TurnDetector } from './turn-detector.ts';

/** The way in: from the caller's frames and keys to what the conversation listens to, and to interruptions. */
export interface CallerSide extends Pick<Stream, 'media' | 'key'> {
  readonly listener: Listener;
  close(): Omit<StreamCounts, 'underruns'>;
}

export interface CallerSideOptions {
  readonly decoder: AudioDecoder;
  readonly context: Pick<SessionContext, 'profile'>;
  readonly parts: SessionParts;
  readonly voice: AgentVoice;
  /** What of the agent was sent of late. */
  readonly sentAudio: SentAudio;
}

export function openCallerSide({ decoder, context, parts, voice, sentAudio }: CallerSideOptions): CallerSide {
  const { clock, options, load } = parts;
  const { interruptions, endpointing } = context.profile.assistant;
  const floor = new Floor(voice, interruptions);
  const turns = new TurnDetector(
    {
      ...options,
      clock,
      endpointing: {
        minMs: Number(endpointing.minSeconds) * 1_000,
        maxMs: Number(endpointing.maxSeconds) * 1_000,
      },
    },
    {
      speech(speechMs) {
        listener.speech();
        floor.spoken(speechMs);
      },
      // What ends under the agent's words without taking the floor is a back-channel, or an echo.
      paused(pause) {
        if (floor.isCallers) listener.offer(pause);
      },
      ended(pause) {
        if (floor.isCallers) listener.ended(pause);
      },
    },
  );
  const listener = new Listener({
    clock,
    maxUtteranceMs: options.maxUtteranceMs,
    speaking: () => turns.speaking || keys.pending,
    mayBegin: () => turns.mayBegin,
  });
  const keys = new DigitCollector({
    clock,
    gapMs: options.keyGapMs,
    reorderMs: options.keyReorderMs,
    onKey() {
      listener.speech();
      if (voice.speaking) voice.interrupt();
    },
    // Also under words that must be heard: they are answered after those.
    onEntry: (digits) => listener.entered(digits),
  });
  const echo = new EchoGate(sentAudio);
  const wayIn = openWayIn(decoder, parts, {
    onFrame(frame) {
      const { narrow, probability, arrival } = frame;
      const isEcho = echo.isEcho(narrow, arrival.dueAtMs, probability >= SILENCE_PROBABILITY);
      turns.push(isEcho ? { ...frame, probability: 0 } : frame);
      floor.look();
    },
    spare: () => load.strained && voice.speaking && !turns.speaking,
  });
  return {
    listener,
    media: (frame) => wayIn.media(frame),
    key: (digit, pressedAtMs) => keys.push(digit, pressedAtMs),
    close() {
      keys.close();
      return wayIn.close();
    },
  };
}

/** The caller's frames as they arrive → in order, decoded, judged. */
function openWayIn(decoder: AudioDecoder, parts: SessionParts, { onFrame, ...rest }: CallerAudioOptions) {
  const { clock, observer, options } = parts;
  const detector = parts.voiceActivity.open();
  const audio = new CallerAudio(decoder.sampleRateHz, detector, {
    ...rest,
    onFrame(frame) {
      const nowMs = clock.monotonic();
      const { dueAtMs, cameAtMs } = frame.arrival;
      observer.frameJudged(nowMs - dueAtMs, nowMs - cameAtMs);
      onFrame(frame);
    },
  });
  const arrivals = new ArrivalClock();
  let samples: Int16Array | undefined;
  const reorder = new ReorderWindow<{ readonly payload: Buffer; readonly arrival: Arrival }>(
    options.reorderFrames,
  );
  return {
    media({ chunk, timestampMs, payload }: Parameters<Stream['media']>[0]): void {
      const nowMs = clock.monotonic();
      const dueAtMs = timestampMs === undefined ? nowMs : arrivals.dueMs(timestampMs, nowMs);
      observer.frameCame(nowMs - dueAtMs);
      const arrival = { dueAtMs, cameAtMs: nowMs };
      const lostBefore = reorder.lost;
      const frames = reorder.push(chunk, { payload, arrival });
      if (reorder.lost > lostBefore) audio.push(decoder.conceal(reorder.lost - lostBefore), arrival);
      for (const frame of frames) {
        samples = decoder.decode(frame.payload, samples);
        audio.push(samples, frame.arrival);
      }
    },
    close() {
      detector.close();
      decoder.close();
      return { lostFrames: reorder.lost, droppedFrames: reorder.dropped };
    },
  };
}
