import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { WebSocketServer } from 'ws';
import type { Caller, CallerLine } from '#hack/standins/telnyx/calls/caller.ts';
import type { Settings } from '#hack/standins/telnyx/settings.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { TestingProduct } from '#hack/standins/telnyx/testing-product.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import { TelnyxCarrier } from '#runtime/carrier/telnyx.ts';
import type { StreamFormat } from '#runtime/carrier/telnyx-command.ts';
import type { Engines } from '#runtime/engines/create-engines.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { noTools } from '#runtime/tools/fakes/no-tools.ts';
import { loudnessDetectors } from '#runtime/voice/fakes/scripted-engines.ts';
import { silentObserver } from '#runtime/voice/fakes/silent-observer.ts';
import { createSessions } from '#runtime/voice/open-session.ts';
import type { SpeechDetectors } from '#runtime/voice/speech-detector.ts';

const NUMBER = '+12125550100';

export interface MediaCall {
  readonly standIn: TelnyxStandIn;
  /** The call's id at the carrier. */
  readonly id: string;
  stop(): Promise<void>;
}

export interface MediaCallOptions {
  readonly caller: Caller | ((line: CallerLine) => Caller);
  readonly stream: StreamFormat;
  readonly settings?: Partial<Settings>;
  /** Where the call is recorded; absent: nowhere. */
  readonly recordingFolder?: string;
  readonly engines: Pick<Engines, 'stt' | 'tts'>;
  readonly context: SessionContext;
  /** How speech is found; absent: by its loudness. */
  readonly voiceActivity?: SpeechDetectors;
}

/**
 * One call at the carrier's stand-in, over real sockets to a real session: all of a call's media, and none of its
 * state. The engines are the test's.
 */
export async function placeMediaCall(options: MediaCallOptions): Promise<MediaCall> {
  const standIn = await startTelnyxStandIn({
    profile: 'fast',
    ...(options.settings ? { settings: options.settings } : {}),
    ...(options.recordingFolder === undefined ? {} : { recordingFolder: options.recordingFolder }),
    openCaller: (_spec, line) =>
      typeof options.caller === 'function' ? options.caller(line) : options.caller,
  });
  const product = new TestingProduct(standIn);
  await product.start();
  await product.answerFor(NUMBER);
  while ((await product.telnyx.phoneNumbers.list()).data.length === 0) await systemClock.sleep(10);
  const sockets = new WebSocketServer({ noServer: true });
  const server = await serveSessions(sockets, options);
  const id = await attach(standIn, server, options.stream);
  return {
    standIn,
    id,
    async stop() {
      product.stop();
      await standIn.stop();
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serveSessions(
  sockets: WebSocketServer,
  { engines, stream, context, voiceActivity = loudnessDetectors }: MediaCallOptions,
): Promise<Server> {
  const { open } = createSessions({
    engines,
    tools: noTools,
    voiceActivity,
    sendCodec: knownCodec(stream.codec, stream.sampleRate),
    observer: silentObserver,
    load: { strained: false },
    log: silentLogger,
    clock: systemClock,
  });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, context));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Answers a call and has it streamed to `server`; the call's id. */
async function attach(standIn: TelnyxStandIn, server: Server, stream: StreamFormat): Promise<string> {
  const carrier = new TelnyxCarrier({
    apiKey: standIn.apiKey,
    baseURL: standIn.url,
    stream,
    applicationID: undefined,
    log: silentLogger,
    clock: systemClock,
    metrics: createRuntimeMetrics(createRegistry('test')),
  });
  const placed = standIn.control.placeCall({ from: '+13125550001', to: NUMBER, caller: { kind: 'given' } });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the media server does not listen');
  const streamURL = `ws://127.0.0.1:${address.port}/media`;
  const common = { carrierCallID: placed.callControlID, clientState: 'c3RhdGU=' };
  await carrier.send({ step: 'answer', commandID: 'answer', ...common });
  const start = { step: 'streaming_start', streamURL, streamToken: 'token', commandID: 'stream' } as const;
  const result = await carrier.send({ ...start, ...common });
  if (result !== 'Done') throw new Error(`the stream was not started: ${result}`);
  return placed.id;
}

/** Of a call whose events are of no interest, but for those given. */
export function contextOf(
  profile: SessionContext['profile'],
  conversation: SessionContext['conversation'],
  events: Partial<SessionContext['events']> = {},
): SessionContext {
  return {
    callID: '00000000-0000-4000-8000-000000000001',
    generation: 7,
    profile,
    callerNumber: '+13125550001',
    calledNumber: NUMBER,
    conversation,
    seamless: false,
    answeredAtMs: Date.now(),
    toolToken: async () => undefined,
    events: {
      turn: () => {},
      progress: () => {},
      lead: () => {},
      transfer: () => Promise.resolve(false),
      finished: () => {},
      disconnected: () => {},
      ...events,
    },
  };
}
