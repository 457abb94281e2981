import type { SessionContext } from '#runtime/call/session-port.ts';
import type { AudioDecoder, AudioEncoder } from '#runtime/media/audio-codec.ts';
import type { CarrierMessage } from '#runtime/media/carrier-message.ts';
import type { MediaSocket } from '#runtime/media/media-socket.ts';
import { Playout } from '#runtime/media/playout.ts';
import { ToolsOfCall } from '#runtime/tools/tools-of-call.ts';
import type { CallSubject } from '#runtime/workflow/call-subject.ts';
import type { Dialogue } from '#runtime/workflow/dialogue.ts';
import { ModelDialogue } from '#runtime/workflow/model/model-dialogue.ts';
import { StepByStep } from '#runtime/workflow/step-by-step.ts';
import { workflowFor } from '#runtime/workflow/workflow-for.ts';
import { AgentVoice } from './agent-voice.ts';
import { openCallerSide } from './caller-side.ts';
import { Conversation } from './conversation.ts';
import type { SessionParts } from './session-parts.ts';

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

export function openStream(options: StreamOptions): Stream {
  const { decoder, encoder, context, parts } = options;
  const { clock, engines, load } = parts;
  const { profile, callerNumber, calledNumber } = context;
  const { playout, voice } = openVoice(options);
  const caller = openCallerSide({ decoder, context, parts, voice, sentAudio: playout.sentAudio });
  const workflow = workflowFor(profile, context.conversation, clock.now());
  const subject = () => ({ profile, workflow, callerNumber, calledNumber, nowMs: clock.now() });
  return {
    conversation: new Conversation({
      context,
      workflow,
      dialogue: dialogueOf(parts, context, subject),
      voice,
      listener: caller.listener,
      stt: engines.stt,
      sampleRateHz: decoder.sampleRateHz,
      strained: () => load.strained,
      clock,
      observer: parts.observer,
      options: parts.options,
    }),
    media: (frame) => caller.media(frame),
    mark: (name) => playout.marked(name),
    key: (digit, pressedAtMs) => caller.key(digit, pressedAtMs),
    get paused() {
      return caller.listener.paused;
    },
    close() {
      playout.close();
      encoder.close();
      return { ...caller.close(), underruns: playout.underruns };
    },
  };
}

/** The way out: from texts to the caller's ear. */
function openVoice({ socket, encoder, context, parts, onStalled }: StreamOptions) {
  const { clock, options, engines, load } = parts;
  const playout = new Playout({
    socket,
    encoder,
    clock,
    generation: context.generation,
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
    fillerAgainMs: options.fillerAgainMs,
    clock,
    assistant: context.profile.assistant,
    language: context.profile.language,
  });
  return { playout, voice };
}

/** With a language model, and the tenant's tools for it, where the pod has one and the tenant wants it. */
function dialogueOf(
  { engines: { llm }, tools: runner }: SessionParts,
  { callID, profile, toolToken }: SessionContext,
  subject: () => CallSubject,
): Dialogue {
  if (!llm || profile.assistant.driver === 'StepByStep') return new StepByStep(subject);
  const tools = new ToolsOfCall({ runner, callID, tools: profile.tools, toolToken });
  return new ModelDialogue({ subject, model: llm, tools });
}

/** Audio that waits to be sent; more waits where it is made. */
const PLAYOUT_QUEUE_MS = 1_000;
