import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import Telnyx from 'telnyx';
import { type LedgerEvent, ledgerEventSchema } from '#crds/ledger/ledger-event.ts';
import { PLAN_LIMITS } from '#crds/plans/plans.ts';
import { ledgerKeys, PROJECTED_FIELDS, podKeys, projectionKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { onFreePorts } from '#hack/local/free-port.ts';
import { Processes, type RunningProcess } from '#hack/local/processes.ts';
import { TcpService } from '#hack/local/service/tcp-service.ts';
import type { CallLedger } from '#hack/standins/telnyx/control/call-ledger.ts';
import type { Profile } from '#hack/standins/telnyx/settings.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { providedService } from './provided-service.ts';
import { startTestRedis, type TestRedis } from './redis.ts';
import { type ScriptedSpeech, startScriptedSpeech } from './scripted-speech.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const READY_TIMEOUT_MS = 60_000;
const CALLS_PER_POD = 20;
const MS_PER_CHARACTER = 12;
/** A pod warms the recogniser with half a second of silence, about 16 KB: nobody's words. */
const WARMING_BYTES = 24_000;
const RUNTIME = 'veralux-system/shared';
const NUMBER = '+12125550123';
const TENANT = '6f1c1d1e-0000-4000-8000-0000000000aa';

export interface FleetOptions {
  /** All pods that there will ever be, by name. */
  readonly names: readonly string[];
  /** Those of them that are there from the beginning. */
  readonly pods: readonly string[];
  readonly profile: Profile;
  /** What callers are understood to say, each time; every other time with a please. */
  readonly words: string;
  /** Whom callers may be handed to; nobody by default. */
  readonly transferTargets?: readonly object[];
}

/** Pods of the runtime as processes, behind one address, with Redis, the carrier's stand-in and scripted speech. */
export class RuntimeFleet {
  readonly carrier: TelnyxStandIn;
  readonly speech: ScriptedSpeech;
  readonly redis: Redis;
  readonly #server: TestRedis;
  readonly #processes: Processes;
  readonly #service: TcpService;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #env: Readonly<Record<string, string>>;
  readonly #pods = new Map<string, RunningProcess>();

  private constructor(parts: FleetParts) {
    this.carrier = parts.carrier;
    this.speech = parts.speech;
    this.redis = parts.redis;
    this.#server = parts.server;
    this.#processes = parts.processes;
    this.#service = parts.service;
    this.#ports = parts.ports;
    this.#env = parts.env;
  }

  static async start(options: FleetOptions): Promise<RuntimeFleet> {
    const { names } = options;
    const processes = new Processes(providedService('veraluxRedis').instance, { prefix: 'fleet-' });
    const server = await startTestRedis();
    const redis = await connectRedis({ url: server.url, name: 'fleet', log: silentLogger });
    const carrier = await startTelnyxStandIn({ profile: options.profile });
    let answers = 0;
    const speech = await startScriptedSpeech({
      // Whoever says the very same over and over is taken for a recording.
      hears: (bytes) =>
        bytes < WARMING_BYTES ? '' : `${options.words}${++answers % 2 === 0 ? ', please' : ''}`,
      msPerCharacter: MS_PER_CHARACTER,
    });
    const { service, ports } = await onFreePorts(names.length, async (free) => ({
      ports: new Map(names.map((name, index) => [name, free[index] ?? 0])),
      service: await TcpService.start({
        host: '127.0.0.1',
        port: 0,
        backends: free.map((port) => `127.0.0.1:${port}`),
      }),
    }));
    const env = environmentOf(server.url, carrier, speech);
    const fleet = new RuntimeFleet({ server, redis, carrier, speech, processes, service, ports, env });
    await fleet.#project(options.transferTargets ?? []);
    await fleet.#buyNumber();
    await Promise.all(options.pods.map((pod) => fleet.startPod(pod)));
    return fleet;
  }

  /** Resolves once the pod takes calls. */
  async startPod(name: string): Promise<void> {
    const port = this.#ports.get(name);
    const pod = await this.#processes.start({
      name,
      command: process.execPath,
      args: ['runtime/main.ts'],
      cwd: REPOSITORY,
      env: {
        ...this.#env,
        POD_NAME: name,
        POD_IP: '127.0.0.1',
        PORT: String(port),
        MEDIA_URL: `ws://127.0.0.1:${port}`,
      },
    });
    this.#pods.set(name, pod);
    await pod.ready(() => this.isReady(name), READY_TIMEOUT_MS);
  }

  /** To a pod that runs. */
  signal(name: string, signal: NodeJS.Signals): void {
    process.kill(this.pod(name).pid, signal);
  }

  pod(name: string): RunningProcess {
    const pod = this.#pods.get(name);
    if (!pod) throw new Error(`there is no pod ${name}`);
    return pod;
  }

  /** Calls; resolves to the carrier's id of the call. */
  placeCall(caller?: object): string {
    return this.carrier.control.placeCall({ from: '+13125550111', to: NUMBER, caller }).id;
  }

  /** What the carrier knows of a call. */
  call(id: string): CallLedger {
    return this.carrier.control.ledgerOf(id);
  }

  /** The pod that has the call's stream now. */
  ownerOf(id: string): string | undefined {
    const stream = this.call(id).streams.at(-1);
    if (stream?.openedAtMs === undefined || stream.endedAtMs !== undefined) return undefined;
    return new URL(stream.url).pathname.split('/').at(-2);
  }

  /** What the books have of a call. */
  async books(id: string): Promise<LedgerEvent[]> {
    const callID = callIDOf(this.call(id).callControlID);
    const entries = await this.redis.xrange(ledgerKeys.stream(shardOf(TENANT)), '-', '+');
    return entries
      .map(([, fields]) => ledgerEventSchema.parse(JSON.parse(fields[1] ?? '')))
      .filter((event) => event.callID === callID);
  }

  /** Takes all slots of a pod, so that calls go to others, until `empty`. */
  async fill(name: string): Promise<void> {
    const untilMs = Date.now() + 10 * 60_000;
    const taken = Array.from({ length: CALLS_PER_POD }, (_, index) => [
      untilMs,
      `${TENANT}/nobody-${index}`,
    ]).flat();
    await this.redis.zadd(podKeys.slots(RUNTIME, name), ...taken);
  }

  async empty(name: string): Promise<void> {
    await this.redis.del(podKeys.slots(RUNTIME, name));
  }

  /** Whether a pod says that it takes calls. */
  async isReady(name: string): Promise<boolean> {
    const reply = await fetch(`http://127.0.0.1:${this.#ports.get(name)}/readyz`).catch(() => undefined);
    return reply?.ok ?? false;
  }

  async stop(): Promise<void> {
    await this.carrier.stop();
    await this.#processes.endAll();
    await this.#service.stop();
    await this.speech.stop();
    await disconnectRedis(this.redis);
    await this.#server.stop();
  }

  async #project(transferTargets: readonly object[]): Promise<void> {
    const did = { number: NUMBER, tenantID: TENANT, shard: shardOf(TENANT), workflow: 'lead-capture' };
    const profile = {
      schemaVersion: 1,
      tenantID: TENANT,
      name: 'acme',
      displayName: 'Acme',
      timeZone: 'UTC',
      language: 'en-US',
      plan: 'Enterprise',
      suspensions: [],
      runtime: RUNTIME,
      limits: PLAN_LIMITS.Enterprise,
      assistant: { greeting: 'Acme, hello.', disclosure: { enabled: false } },
      workflows: defaultWorkflows,
      knowledge: [],
      tools: [],
      transferTargets,
      recording: {},
      transcripts: {},
    };
    const record = { schemaVersion: 1, ...did, runtime: RUNTIME, generation: 1 };
    await this.redis.hset(projectionKeys.did(NUMBER), PROJECTED_FIELDS.value, JSON.stringify(record));
    await this.redis.hset(projectionKeys.tenant(TENANT), PROJECTED_FIELDS.value, JSON.stringify(profile));
  }

  async #buyNumber(): Promise<void> {
    const telnyx = new Telnyx({ apiKey: this.carrier.apiKey, baseURL: this.carrier.url, maxRetries: 0 });
    const application = await telnyx.callControlApplications.create({
      application_name: RUNTIME,
      webhook_event_url: `http://127.0.0.1:${this.#service.port}/webhooks/telnyx`,
      webhook_api_version: '2',
    });
    await telnyx.numberOrders.create({
      phone_numbers: [{ phone_number: NUMBER }],
      connection_id: application.data?.id ?? '',
    });
  }
}

interface FleetParts {
  readonly server: TestRedis;
  readonly redis: Redis;
  readonly carrier: TelnyxStandIn;
  readonly speech: ScriptedSpeech;
  readonly processes: Processes;
  readonly service: TcpService;
  readonly ports: ReadonlyMap<string, number>;
  readonly env: Readonly<Record<string, string>>;
}

function environmentOf(redisURL: string, carrier: TelnyxStandIn, speech: ScriptedSpeech) {
  return {
    HOST: '127.0.0.1',
    NODE_NO_WARNINGS: '1',
    REDIS_URL: redisURL,
    RUNTIME_NAME: RUNTIME,
    CALLS_PER_POD: String(CALLS_PER_POD),
    TELNYX_API_KEY: carrier.apiKey,
    TELNYX_PUBLIC_KEY: carrier.publicKey,
    TELNYX_BASE_URL: carrier.url,
    CALL_TOKEN_SECRET: randomBytes(32).toString('hex'),
    ENGINES: JSON.stringify({
      stt: { type: 'Whisper', endpoint: speech.endpoint },
      tts: { type: 'Kokoro', endpoint: speech.endpoint },
    }),
  };
}
