import type { SessionContext } from '#runtime/call/session-port.ts';
import { ArrivalClock } from '#runtime/media/arrival-clock.ts';
import type { AudioDecoder, AudioEncoder } from '#runtime/media/audio-codec.ts';
import type { CarrierMessage } from '#runtime/media/carrier-message.ts';
import type { MediaSocket } from '#runtime/media/media-socket.ts';
import { Playout } from '#runtime/media/playout.ts';
import { ReorderWindow } from '#runtime/media/reorder-window.ts';
import { ToolsOfCall } from '#runtime/tools/tools-of-call.ts';
import type { CallSubject } from '#runtime/workflow/call-subject.ts';
import type { Dialogue } from '#runtime/workflow/dialogue.ts';
import { ModelDialogue } from '#runtime/workflow/model/model-dialogue.ts';
import { StepByStep } from '#runtime/workflow/step-by-step.ts';
import { workflowFor } from '#runtime/workflow/workflow-for.ts';
import { AgentVoice } from './agent-voice.ts';
import { takesTheFloor } from './barge-in.ts';
import { type Arrival, CallerAudio, type CallerAudioOptions } from './caller-audio.ts';
import { Conversation } from './conversation.ts';
import { DigitCollector } from './digit-collector.ts';
import { EchoGate } from './echo-gate.ts';
import { Listener } from './listener.ts';
import type { SessionParts } from './session-parts.ts';
import { SILENCE_PROBABILITY } from './speech-start.ts';
import { TurnDetector } from './turn-detector.ts';

/**
 * The parts of one announced stream, wired together: reorder → decode → judge → turns → listener on
 * the way in, voice → playout on the way out, the conversation between them.
 */
export interface Stream {
  readonly conversation: Conversation;
  media(frame: Pick<MediaMessage, 'chunk' | 'timestampMs' | 'payload'>): void;
  mark(name: string): void;
  /** The caller pressed a key; `pressedAtMs` is epoch ms, where the carrier tells. */
  key(digit: string, pressedAtMs: number | undefined): void;
  /** Whether neither side speaks and the caller is waited for. */
  readonly paused: boolean;
  close(): StreamCounts;
}

/** For the log line at the end. */
export interface StreamCounts {
  readonly lostFrames: number;
  readonly droppedFrames: number;
  readonly underruns: number;
}

type MediaMessage = Extract<CarrierMessage, { event: 'media' }>;

export interface StreamOptions {
  readonly socket: MediaSocket;
  /** Both are closed with the stream. */
  readonly decoder: AudioDecoder;
  readonly encoder: AudioEncoder;
  readonly context: SessionContext;
  readonly parts: SessionParts;
  readonly onStalled: () => void;
}

export function openStream({ socket, decoder, encoder, context, parts, onStalled }: StreamOptions): Stream {
  const { clock, options, engines, load } = parts;
  const { profile, callerNumber, calledNumber, generation } = context;
  const playout = new Playout({
    socket,
    encoder,
    clock,
    generation,
    onStalled,
    onUnderrun: () => parts.observer.underrun(),
    load,
    leadMs: options.leadMs,
    maxQueuedMs: PLAYOUT_QUEUE_MS,
  });
  const voice = new AgentVoice({
    tts: engines.tts,
    playout,
    sampleRateHz: encoder.sampleRateHz,
    maxAheadMs: options.maxQueuedMs,
    clock,
    assistant: profile.assistant,
  });
  const { minSeconds, maxSeconds } = profile.assistant.endpointing;
  const endpointing = { minMs: Number(minSeconds) * 1_000, maxMs: Number(maxSeconds) * 1_000 };
  const turns = new TurnDetector(
    { ...options, endpointing, clock },
    {
      speech(speechMs) {
        listener.speech();
        if (voice.speaking && takesTheFloor(speechMs, profile.assistant.interruptions)) voice.interrupt();
      },
      // What ends under the agent's words without taking the floor is a back-channel, or an echo.
      paused(pause) {
        if (!voice.speaking) listener.offer(pause);
      },
      ended(pause) {
        if (!voice.speaking) listener.ended(pause);
      },
    },
  );
  const echo = new EchoGate(playout.sentAudio);
  const listener = new Listener({
    clock,
    maxUtteranceMs: options.maxUtteranceMs,
    speaking: () => turns.speaking || keys.pending,
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
  const wayIn = openWayIn(decoder, parts, {
    onFrame(frame) {
      const { narrow, probability, arrival } = frame;
      const isEcho = echo.isEcho(narrow, arrival.dueAtMs, probability >= SILENCE_PROBABILITY);
      turns.push(isEcho ? { ...frame, probability: 0 } : frame);
    },
    spare: () => load.strained && voice.speaking && !turns.speaking,
  });
  const workflow = workflowFor(profile, context.conversation, clock.now());
  return {
    conversation: new Conversation({
      context,
      workflow,
      dialogue: dialogueOf(parts, context, () => ({
        profile,
        workflow,
        callerNumber,
        calledNumber,
        nowMs: clock.now(),
      })),
      voice,
      listener,
      stt: engines.stt,
      sampleRateHz: decoder.sampleRateHz,
      strained: () => load.strained,
      clock,
      observer: parts.observer,
      options,
    }),
    media: (frame) => wayIn.media(frame),
    mark: (name) => playout.marked(name),
    key: (digit, pressedAtMs) => keys.push(digit, pressedAtMs),
    get paused() {
      return listener.paused;
    },
    close() {
      playout.close();
      encoder.close();
      keys.close();
      return { ...wayIn.close(), underruns: playout.underruns };
    },
  };
}

/** With a language model, and the tenant's tools for it, where the pod has one. */
function dialogueOf(
  { engines: { llm }, tools: runner }: SessionParts,
  { callID, profile }: SessionContext,
  subject: () => CallSubject,
): Dialogue {
  if (!llm) return new StepByStep(subject);
  const tools = new ToolsOfCall({ runner, callID, tools: profile.tools });
  return new ModelDialogue({ subject, model: llm, tools });
}

/** Audio that waits to be sent; more waits where it is made. */
const PLAYOUT_QUEUE_MS = 1_000;

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
