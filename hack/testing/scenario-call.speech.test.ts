import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enginesSchema } from '#crds/voice-runtime/engine.ts';
import { createCallerSpeech } from '#hack/caller/open-caller.ts';
import { ScenarioCaller } from '#hack/caller/scenario-caller.ts';
import { scenarioScriptSchema } from '#hack/caller/scenario-script.ts';
import { withEngineOrders } from '#hack/demo/scenario-call/engine-control.ts';
import { playableCall } from '#hack/demo/scenario-call/playable-call.ts';
import { readScenario } from '#hack/demo/scenario-call/scenario-library.ts';
import { EnginesServer } from '#hack/engines/engines-server.ts';
import { receptionistRules } from '#hack/engines/receptionist-rules.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { createEngines } from '#runtime/engines/create-engines.ts';
import { profile } from '#runtime/voice/fakes/call-in-test.ts';
import { contextOf, type MediaCall, placeMediaCall } from './media-call.ts';

const path = process.env['PATH'] ?? '';
let folder: string;
let server: EnginesServer;
let call: MediaCall | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veralux-scenario-'));
  const chat = { rules: receptionistRules, firstTokenMs: 0, tokensPerSecond: 1_000, clock: systemClock };
  const options = { path, concurrency: 2, maxQueued: 8, chat };
  server = new EnginesServer({ host: '127.0.0.1', port: 0, log: silentLogger, ...options });
  await server.start(() => undefined);
});
afterEach(async () => {
  await call?.stop();
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('a scenario is spoken and understood word for word over a real media socket, and is there to be listened to', async () => {
  const { scenario } = readScenario('a-caller-who-says-goodbye');
  const { caller, engines: orders } = playableCall(scenario);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const engines = createEngines(
    enginesSchema.parse({ stt: { type: 'Whisper', endpoint }, tts: { type: 'Kokoro', endpoint } }),
    { clock: systemClock, observer: { answered: () => {}, finished: () => {} }, apiKeys: {} },
  );
  const heard: string[] = [];
  const ended = Promise.withResolvers<string>();
  const context = contextOf(profile, newConversation('lead-capture'), {
    turn: ({ speaker, text }) => speaker === 'Caller' && heard.push(text),
    finished: (reason) => ended.resolve(reason),
  });
  const speech = createCallerSpeech(path);
  await withEngineOrders(endpoint, orders, async () => {
    call = await placeMediaCall({
      caller: (line) => new ScenarioCaller(scenarioScriptSchema.parse(caller), line, speech),
      stream: { codec: 'L16', sampleRate: 16_000, targetLegs: 'opposite' },
      recordingFolder: folder,
      engines,
      context,
    });
    expect(await ended.promise).toBe('CallerSaidGoodbye');
    call.standIn.control.callerHangsUp(call.id);
  });
  await engines.close();
  expect(heard).toEqual(['my name is alice johnson', 'never mind goodbye']);
  const record = call?.standIn.control.call(call.id);
  expect(record?.caller).toMatchObject({ problems: [], said: [{ text: heard[0] }, { text: heard[1] }] });
  const [left, right] = channelsOf(readFileSync(record?.recording ?? ''));
  expect([left, right].map((samples) => samples.some((sample) => Math.abs(sample) > 1_000))).toEqual([
    true,
    true,
  ]);
}, 60_000);

/** The two sides of a stereo WAV of 16-bit samples. */
function channelsOf(wav: Buffer): [Int16Array, Int16Array] {
  const samples = Int16Array.from({ length: (wav.length - 44) >> 1 }, (_, index) =>
    wav.readInt16LE(44 + index * 2),
  );
  return [samples.filter((_, index) => index % 2 === 0), samples.filter((_, index) => index % 2 === 1)];
}
