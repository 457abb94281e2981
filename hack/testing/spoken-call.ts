import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import { enginesSchema } from '#crds/voice-runtime/engine.ts';
import { PausingCaller } from '#hack/caller/pausing-caller.ts';
import { spokenPart } from '#hack/caller/spoken-part.ts';
import { EnginesServer } from '#hack/engines/engines-server.ts';
import { type FliteVoice, synthesise } from '#hack/engines/flite.ts';
import type { Grammar } from '#hack/engines/grammar.ts';
import { receptionistRules } from '#hack/engines/receptionist-rules.ts';
import { type Audio, decodeChannels } from '#hack/engines/wav.ts';
import { CodedAudio } from '#hack/standins/telnyx/media/coded-audio.ts';
import type { Settings } from '#hack/standins/telnyx/settings.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import type { StreamFormat } from '#runtime/carrier/telnyx-command.ts';
import { createEngines, type Engines } from '#runtime/engines/create-engines.ts';
import { silentObserver } from '#runtime/voice/fakes/silent-observer.ts';
import { VoiceActivity } from '#runtime/voice/voice-activity.ts';
import { contextOf, type MediaCall, placeMediaCall } from './media-call.ts';

export interface SpokenCallOptions {
  /** What is asked, and in what voice. */
  readonly profile: TenantProfile;
  readonly workflow: string;
  readonly callerSays: readonly string[];
  readonly callerVoice: FliteVoice;
  readonly stream: StreamFormat;
  readonly settings: Partial<Settings>;
  /** What the agent's recogniser expects; absent: any English. */
  readonly grammar: Grammar | undefined;
}

export interface SpokenCall {
  /** What the agent understood, a turn each. */
  readonly understood: readonly string[];
  /** What the agent meant to be saying, as it is stored. */
  readonly agentSaid: readonly string[];
  /** What of the agent came to the caller's ear: each stretch of sound. */
  readonly heard: readonly Audio[];
}

const REPLIES_AFTER_MS = 700;

/**
 * A call in which both sides speak with flite, over the carrier's stand-in, real sockets, a real session with voice
 * activity by Silero, and engines over HTTP, to its goodbye.
 */
export async function holdSpokenCall(options: SpokenCallOptions): Promise<SpokenCall> {
  const folder = mkdtempSync(join(tmpdir(), 'spoken-call-'));
  const server = await startEngines(options.grammar);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const engines = createEngines(enginesSchema.parse(enginesAt(endpoint)), {
    clock: systemClock,
    observer: { answered: () => {}, finished: () => {} },
    apiKeys: {},
  });
  try {
    return await hold(options, { engines, folder });
  } finally {
    await engines.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

async function hold(
  { profile, workflow, callerSays, callerVoice, ...line }: SpokenCallOptions,
  { engines, folder }: { readonly engines: Engines; readonly folder: string },
): Promise<SpokenCall> {
  const turns: { readonly speaker: string; readonly text: string }[] = [];
  const finished = Promise.withResolvers<void>();
  const context = contextOf(profile, newConversation(workflow), {
    turn: (turn) => turns.push(turn),
    finished: () => finished.resolve(),
  });
  const spoken = await Promise.all(callerSays.map((text) => synthesise(text, { voice: callerVoice })));
  const questions = () => turns.filter(({ speaker, text }) => speaker === 'Agent' && text.endsWith('?'));
  const caller: PausingCaller = new PausingCaller({
    turns: spoken.map((audio, index) => ({
      text: callerSays[index] ?? '',
      frames: new CodedAudio({ ...audio, samples: spokenPart(audio.samples) }).frames,
    })),
    line: { hangUp: () => finished.reject(new Error('the caller heard nothing for too long')) },
    repliesAfterMs: REPLIES_AFTER_MS,
    // Recognition takes its time where three calls share two CPUs, and the agent says "one moment" meanwhile.
    isAnswerWanted: () => questions().length > caller.spans.length,
  });
  const voiceActivity = new VoiceActivity({
    clock: systemClock,
    log: silentLogger,
    observer: silentObserver,
  });
  const call = await placeMediaCall({
    ...line,
    caller,
    engines,
    context,
    voiceActivity,
    recordingFolder: folder,
  });
  try {
    await finished.promise;
    return {
      understood: turns.filter(({ speaker }) => speaker === 'Caller').map(({ text }) => text),
      agentSaid: turns.filter(({ speaker }) => speaker === 'Agent').map(({ text }) => text),
      heard: heardOf(call),
    };
  } finally {
    await call.stop();
  }
}

/** The agent's side of the recording, by what the carrier heard sound. */
function heardOf({ standIn, id }: MediaCall): Audio[] {
  standIn.control.callerHangsUp(id);
  const { recording = '' } = standIn.control.call(id);
  const { sampleRateHz, channels } = decodeChannels(readFileSync(recording));
  const agent = channels[1] ?? new Int16Array(0);
  const sampleAt = (ms: number) => (ms * sampleRateHz) / 1_000;
  return standIn.control
    .ledgerOf(id)
    .heard.filter(({ kind }) => kind === 'Sound')
    .map(({ atMs, lengthMs }) => ({
      sampleRateHz,
      samples: agent.subarray(sampleAt(atMs), sampleAt(atMs + lengthMs)),
    }));
}

async function startEngines(grammar: Grammar | undefined): Promise<EnginesServer> {
  const server = new EnginesServer({
    host: '127.0.0.1',
    port: 0,
    log: silentLogger,
    path: process.env['PATH'] ?? '',
    grammar,
    concurrency: 2,
    maxQueued: 8,
    chat: { rules: receptionistRules, firstTokenMs: 0, tokensPerSecond: 1_000, clock: systemClock },
  });
  await server.start(() => undefined);
  return server;
}

function enginesAt(endpoint: string): object {
  return { stt: { type: 'Whisper', endpoint }, tts: { type: 'Kokoro', endpoint } };
}
