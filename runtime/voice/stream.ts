import type { SessionContext } from '#runtime/call/session-port.ts';
import type { AudioCodec } from '#runtime/media/audio-codec.ts';
import type { MediaSocket } from '#runtime/media/media-socket.ts';
import { Playout } from '#runtime/media/playout.ts';
import { ReorderWindow } from '#runtime/media/reorder-window.ts';
import { workflowFor } from '#runtime/workflow/workflow-for.ts';
import { AgentVoice } from './agent-voice.ts';
import { takesTheFloor } from './barge-in.ts';
import { CallerAudio } from './caller-audio.ts';
import { Conversation } from './conversation.ts';
import { Listener } from './listener.ts';
import type { SessionParts } from './session-parts.ts';
import { TurnDetector } from './turn-detector.ts';

/**
 * The parts of one announced stream, wired together: reorder → decode → judge → turns → listener on
 * the way in, voice → playout on the way out, the conversation between them.
 */
export interface Stream {
  readonly conversation: Conversation;
  media(chunk: number, payload: Buffer): void;
  mark(name: string): void;
  close(): StreamCounts;
}

/** For the log line at the end. */
export interface StreamCounts {
  readonly lostFrames: number;
  readonly droppedFrames: number;
  readonly underruns: number;
}

export interface StreamOptions {
  readonly socket: MediaSocket;
  readonly receiveCodec: AudioCodec;
  readonly context: SessionContext;
  readonly parts: SessionParts;
  readonly onStalled: () => void;
}

export function openStream({ socket, receiveCodec, context, parts, onStalled }: StreamOptions): Stream {
  const { clock, options, engines, sendCodec } = parts;
  const { profile, generation } = context;
  const { sampleRateHz } = receiveCodec;
  const playout = new Playout({ socket, codec: sendCodec, clock, generation, onStalled, ...options });
  const voice = new AgentVoice({
    tts: engines.tts,
    playout,
    sampleRateHz: sendCodec.sampleRateHz,
    clock,
    assistant: profile.assistant,
  });
  const turns = new TurnDetector(options, {
    speech(speechMs) {
      if (voice.speaking && takesTheFloor(speechMs, profile.assistant.interruptions)) voice.interrupt();
    },
    utterance(utterance) {
      // What ended under the agent's words without taking the floor is a back-channel, or an echo.
      if (!voice.speaking) listener.push(utterance);
    },
  });
  const listener = new Listener({
    clock,
    maxUtteranceMs: options.maxUtteranceMs,
    speaking: () => turns.speaking,
  });
  const detector = parts.voiceActivity.open();
  const audio = new CallerAudio(sampleRateHz, detector, (frame) => turns.push(frame));
  const reorder = new ReorderWindow<Buffer>(options.reorderFrames);
  const workflow = workflowFor(profile, context.conversation.workflow);
  return {
    conversation: new Conversation({
      context,
      workflow,
      voice,
      listener,
      stt: engines.stt,
      sampleRateHz,
      clock,
      options,
    }),
    media(chunk, payload) {
      for (const frame of reorder.push(chunk, payload)) audio.push(receiveCodec.decode(frame));
    },
    mark: (name) => playout.marked(name),
    close() {
      detector.close();
      playout.close();
      return { lostFrames: reorder.lost, droppedFrames: reorder.dropped, underruns: playout.underruns };
    },
  };
}
