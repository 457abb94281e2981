import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { type LedgerEvent, ledgerEventSchema } from '#crds/ledger/ledger-event.ts';
import { ledgerKeys, projectionKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { type Clock, systemClock } from '#lib/clock/clock.ts';
import { loadConfig } from '#lib/config/config.ts';
import { createLogger, silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import { runtimeOptions } from '#runtime/config.ts';
import { createRuntime, type Runtime } from '#runtime/runtime.ts';
import { CarrierRecorder, type Command } from './carrier-recorder.ts';

export const TENANT = '6f1c1d1e-0000-4000-8000-0000000000aa';
export const NUMBER = '+15550100002';
export const CALLER = '+15550199999';
const RUNTIME = 'veralux-system/shared';

const keys = generateKeyPairSync('ed25519');
const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');

export const profile = {
  schemaVersion: 1,
  tenantID: TENANT,
  name: 'acme',
  displayName: 'Acme',
  timeZone: 'UTC',
  language: 'en-US',
  plan: 'Starter',
  suspensions: [] as object[],
  runtime: 'veralux-system/shared',
  limits: {
    callsPerMonth: null as number | null,
    minutesPerMonth: null as number | null,
    apiRequestsPerMonth: null,
    phoneNumbers: null,
    concurrentCalls: 5 as number | null,
    transferMinutesPerDay: null,
  },
  assistant: {},
  workflows: [],
  knowledge: [],
  tools: [],
  transferTargets: [] as object[],
  busy: {},
  recording: {},
  transcripts: {},
};

/** What a delivery gets wrong. */
export interface Forging {
  readonly seconds?: number;
  readonly signature?: string;
}

/** One pod of the runtime on a real Redis, with a recorder for a carrier and sessions that say nothing. */
export class TestRuntime {
  readonly recorder = new CarrierRecorder();
  /** Every line that was logged, at debug. */
  readonly logged: string[] = [];
  /** The sessions that were opened. */
  readonly opened: SessionContext[] = [];
  /** The sessions that were told to rest. */
  readonly resting: SessionContext[] = [];
  /** Whether every session is in a pause of speech. */
  paused = false;
  /** What every session says it is at. */
  conversation = newConversation('lead-capture');
  /** What a session does last when it is closed. */
  onClose: (context: SessionContext) => void = () => {};
  readonly redis: Redis;
  readonly #registry = createRegistry('runtime');
  #runtime: Runtime | undefined;

  private constructor(redis: Redis) {
    this.redis = redis;
  }

  /** `env` replaces settings, the carrier's address among them. */
  static async start(
    redisURL: string,
    env: Readonly<Record<string, string>> = {},
    canServe: () => boolean = () => true,
    clock: Clock = systemClock,
  ): Promise<TestRuntime> {
    const test = new TestRuntime(
      await connectRedis({ url: redisURL, name: 'test', log: silentLogger, startTimeoutMs: 5_000 }),
    );
    const runtime = createRuntime({
      config: loadConfig(runtimeOptions, {
        HOST: '127.0.0.1',
        PORT: '0',
        REDIS_URL: redisURL,
        POD_NAME: 'pod-a',
        TELNYX_API_KEY: 'KEY-of-the-account',
        TELNYX_PUBLIC_KEY: publicKey,
        TELNYX_BASE_URL: await test.recorder.start(),
        MEDIA_URL: 'ws://127.0.0.1:1',
        CALL_TOKEN_SECRET: 's'.repeat(32),
        CALLS_PER_POD: '3',
        ENGINES: JSON.stringify({
          stt: { type: 'Whisper', endpoint: 'http://127.0.0.1:1' },
          tts: { type: 'Kokoro', endpoint: 'http://127.0.0.1:1' },
        }),
        ...env,
      }),
      redis: test.redis,
      openSession: (socket, context) => {
        test.opened.push(context);
        socket.on('close', () => context.events.disconnected(false));
        return {
          conversation: () => test.conversation,
          get paused() {
            return test.paused;
          },
          rest: () => test.resting.push(context),
          close: async () => {
            socket.terminate();
            await Promise.resolve();
            test.onClose(context);
          },
        };
      },
      canServe,
      registry: test.#registry,
      log: createLogger('runtime', 'debug', { write: (line: string) => test.logged.push(line) }),
      clock,
    });
    test.#runtime = runtime;
    for (const service of runtime.services) await service.start(() => undefined);
    await test.project(profile);
    return test;
  }

  /** A metric without labels, as it is now. */
  async metric(name: string): Promise<number | undefined> {
    const metrics = await this.#registry.getMetricsAsJSON();
    return metrics.find((metric) => metric.name === name)?.values[0]?.value;
  }

  get runtime(): Runtime {
    if (!this.#runtime) throw new Error('not started');
    return this.#runtime;
  }

  async stop(): Promise<void> {
    for (const service of this.runtime.services.toReversed()) await service.stop();
    this.recorder.stop();
    await disconnectRedis(this.redis);
  }

  /** Writes what the operator writes: the number's record and the tenant's profile. */
  async project(tenant: object, did: object = {}): Promise<void> {
    const record = {
      schemaVersion: 1,
      number: NUMBER,
      tenantID: TENANT,
      shard: shardOf(TENANT),
      workflow: 'lead-capture',
      runtime: RUNTIME,
      generation: 1,
      ...did,
    };
    await this.redis.set(projectionKeys.epoch(), '1:test');
    await this.redis.set(projectionKeys.whole(), '1:test');
    await this.redis.hset(projectionKeys.did(NUMBER), 'value', JSON.stringify(record));
    await this.redis.hset(projectionKeys.tenant(TENANT), 'value', JSON.stringify(tenant));
  }

  get webhookURL(): string {
    return `http://127.0.0.1:${this.runtime.server.port}/webhooks/telnyx`;
  }

  /** Delivers one webhook, signed unless forged; resolves to the reply's status. */
  async deliver(webhook: object, { seconds, signature }: Forging = {}): Promise<number> {
    const body = JSON.stringify(webhook);
    const timestamp = String(seconds ?? Math.floor(Date.now() / 1_000));
    const signed = sign(null, Buffer.from(`${timestamp}|${body}`), keys.privateKey).toString('base64');
    const headers = { 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature ?? signed };
    return (await fetch(this.webhookURL, { method: 'POST', body, headers })).status;
  }

  /** Six deliveries at once of each webhook, mixed. */
  async deliverSixTimes(...webhooks: readonly object[]): Promise<void> {
    const deliveries = Array.from({ length: 6 }, () => webhooks).flat();
    const mixed = deliveries.sort(() => Math.random() - 0.5);
    const statuses = await Promise.all(mixed.map((webhook) => this.deliver(webhook)));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }

  async ledger(): Promise<LedgerEvent[]> {
    const entries = await this.redis.xrange(ledgerKeys.stream(shardOf(TENANT)), '-', '+');
    return entries.map(([, fields]) => ledgerEventSchema.parse(JSON.parse(fields[1] ?? '')));
  }

  async ledgerKinds(): Promise<string[]> {
    return (await this.ledger()).map(({ kind }) => kind);
  }

  /** Takes a call to the point where its stream was asked for. */
  async answer(call: string, answeredAtMs = Date.now()): Promise<Command> {
    await this.deliver(webhookOf('call.initiated', call));
    await this.recorder.next(call, 'answer');
    await this.deliver(webhookOf('call.answered', call, {}, answeredAtMs));
    return this.recorder.next(call, 'streaming_start');
  }

  /** Opens the socket that a streaming_start asked for; resolves to it, or to a refusal's status. */
  openMedia(start: Command, token = start.body['stream_auth_token']): Promise<WebSocket | number> {
    const { pathname, search } = new URL(start.body['stream_url'] ?? '');
    const socket = new WebSocket(`ws://127.0.0.1:${this.runtime.server.port}${pathname}${search}`, {
      headers: token === undefined ? {} : { 'x-telnyx-streaming-auth-token': token },
    });
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        // The carrier is never quiet for long.
        const frames = setInterval(() => socket.send('{}'), 500);
        socket.once('close', () => clearInterval(frames));
        resolve(socket);
      });
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.once('error', reject);
    });
  }
}

/** A webhook of a call, as the carrier words it. */
export function webhookOf(event: string, call: string, payload: object = {}, at = Date.now()): object {
  return {
    data: {
      record_type: 'event',
      event_type: event,
      id: randomUUID(),
      occurred_at: new Date(at).toISOString(),
      payload: { call_control_id: call, direction: 'incoming', from: CALLER, to: NUMBER, ...payload },
    },
    meta: { attempt: 1, delivered_to: 'https://example.com' },
  };
}
