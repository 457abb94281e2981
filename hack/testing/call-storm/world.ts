import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { onFreePorts } from '#hack/local/free-port.ts';
import { Processes } from '#hack/local/processes.ts';
import { TcpService } from '#hack/local/service/tcp-service.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { startRedisIn, type TestRedis } from '../redis.ts';
import { type ScriptedSpeech, startScriptedSpeech } from '../scripted-speech.ts';
import { StormApplication } from './application.ts';
import { LedgerReader } from './ledger-reader.ts';
import type { Counted } from './redis-state.ts';
import { Seat } from './seat.ts';
import type { StormLedger } from './storm-ledger.ts';
import { projectTenants, RUNTIME } from './tenants.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
/** The clocks of the pods are off by so much when they are: one behind, one ahead. */
const CLOCK_OFFSETS_MS = [-5_000, 5_000];
const CALLS_PER_POD = 120;
/** Quick, but long enough that somebody can interrupt it. */
const MS_PER_CHARACTER = 25;
/** Longer than any schedule's calls. */
const MAX_CALL_SECONDS = 600;
/** Below the time after which a process that was asked to end is killed. */
const DRAIN_TIMEOUT_MS = 8_000;
const READY_TIMEOUT_MS = 120_000;

export interface WorldOptions {
  /** The folder of an instance, whose processes end with it. */
  readonly instance: string;
  /** Of that instance, where somebody may end it: from then on no pod is started again. */
  readonly processes?: Processes;
  /** Tells its pods from those of other worlds in the same instance. */
  readonly name?: string;
  /** How many pods there are; one more has room for when pods are replaced. */
  readonly pods: number;
  /** Another checkout of the repository, of whose release every second seat's pods are. */
  readonly otherRelease?: string | undefined;
  /** Who takes the ledger from the Redis at this URL; absent: a LedgerReader. */
  readonly openLedger?: (redisURL: string) => StormLedger;
}

/** Everything that a storm of calls needs, with real pods: opened once for many schedules. */
export class StormWorld {
  readonly redisServer: TestRedis;
  /** Straight to Redis, past the pods' links. */
  readonly redis: Redis;
  readonly carrier: TelnyxStandIn;
  readonly ledger: StormLedger;
  readonly seats: readonly Seat[];
  readonly #engines: ScriptedSpeech;
  readonly #service: TcpService;
  /** The calls of this month before the present schedule. */
  #counted: ReadonlyMap<string, Counted> = new Map();

  private constructor(parts: WorldParts) {
    this.redisServer = parts.redisServer;
    this.redis = parts.redis;
    this.carrier = parts.carrier;
    this.ledger = parts.ledger;
    this.seats = parts.seats;
    this.#engines = parts.engines;
    this.#service = parts.service;
  }

  static async open(options: WorldOptions): Promise<StormWorld> {
    const { instance, pods, name = 'storm', otherRelease = REPOSITORY } = options;
    const { openLedger = (url: string) => new LedgerReader(url) } = options;
    const redisServer = await startRedisIn(instance);
    const redis = new Redis(redisServer.url);
    // Storms take it away; it comes back at the same address.
    redis.on('error', () => undefined);
    const carrier = await startTelnyxStandIn();
    const application = await StormApplication.open(carrier);
    let answers = 0;
    const engines = await startScriptedSpeech({
      // No two alike, so that it shows where an answer went.
      hears: () => `answer ${++answers}`,
      msPerCharacter: MS_PER_CHARACTER,
    });
    const ledger = openLedger(redisServer.url);
    await ledger.start();
    const { processes: whole = new Processes(instance) } = options;
    const processes = whole.part(`${name}-`);
    const { seats, service } = await onFreePorts(pods + 1, async (ports) => {
      const backends = ports.map((port) => `127.0.0.1:${port}`);
      const common = {
        processes,
        redisPort: Number(new URL(redisServer.url).port),
        env: podEnv(carrier, application, engines),
      };
      return {
        service: await TcpService.start({ host: '127.0.0.1', port: 0, backends }),
        seats: await Promise.all(
          ports.map((port, index) =>
            Seat.open({
              ...common,
              port,
              index,
              checkout: index % 2 === 0 ? REPOSITORY : otherRelease,
              clockOffsetMs: CLOCK_OFFSETS_MS[index % CLOCK_OFFSETS_MS.length] ?? 0,
            }),
          ),
        ),
      };
    });
    const world = new StormWorld({ redisServer, redis, carrier, ledger, seats, engines, service });
    await application.listenAt(`http://127.0.0.1:${service.port}/webhooks/telnyx`);
    await world.project();
    for (const seat of seats.slice(0, pods)) seat.occupy();
    await Promise.all(world.occupied().map((seat) => seat.untilReady()));
    return world;
  }

  /** The seats with pods, or with pods that are about to come back. */
  occupied(): Seat[] {
    return this.seats.filter(({ pod }) => pod !== undefined);
  }

  /** What the operator does, also when Redis has lost it: numbers and profiles. */
  async project(counted: ReadonlyMap<string, Counted> = this.#counted): Promise<void> {
    this.#counted = counted;
    await projectTenants(this.redis, counted);
  }

  /** Every pod in turn: a new one comes to the free seat, and the old one drains and ends. */
  async replacePods(): Promise<void> {
    for (const old of this.occupied()) {
      const free = this.seats.find(({ isFree }) => isFree);
      if (!free) return;
      free.occupy();
      await free.untilReady();
      await old.leave();
    }
  }

  /** Waits until each pod that is to be there is ready, and Redis answers. */
  async untilReady(): Promise<void> {
    await Promise.all(this.occupied().map((seat) => seat.untilReady()));
    await this.untilRedisAnswers();
  }

  async untilRedisAnswers(): Promise<void> {
    await waitUntil(() => this.redis.status === 'ready', READY_TIMEOUT_MS);
  }

  /** How many calls the pods hold by their own account; undefined where one does not answer. */
  async callsHeld(): Promise<number | undefined> {
    const pages = await Promise.all(this.occupied().map((seat) => seat.metrics()));
    return pages.reduce<number | undefined>(
      (sum, page) => (sum === undefined || !page ? undefined : sum + page.sum('veralux_calls')),
      0,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.seats.map((seat) => seat.close()));
    await this.ledger.stop();
    await this.#service.stop();
    await this.carrier.stop();
    await this.#engines.stop();
    this.redis.disconnect();
    await this.redisServer.stop();
  }
}

interface WorldParts {
  readonly redisServer: TestRedis;
  readonly redis: Redis;
  readonly carrier: TelnyxStandIn;
  readonly ledger: StormLedger;
  readonly seats: readonly Seat[];
  readonly engines: ScriptedSpeech;
  readonly service: TcpService;
}

function podEnv(
  carrier: TelnyxStandIn,
  { id }: StormApplication,
  { endpoint }: ScriptedSpeech,
): Record<string, string> {
  return {
    TELNYX_API_KEY: carrier.apiKey,
    TELNYX_PUBLIC_KEY: carrier.publicKey,
    TELNYX_BASE_URL: carrier.url,
    TELNYX_CONNECTION_ID: id,
    CALL_TOKEN_SECRET: randomBytes(32).toString('hex'),
    CALLS_PER_POD: String(CALLS_PER_POD),
    MAX_CALL_DURATION_SECONDS: String(MAX_CALL_SECONDS),
    DRAIN_TIMEOUT_MS: String(DRAIN_TIMEOUT_MS),
    RUNTIME_NAME: RUNTIME,
    ENGINES: JSON.stringify({
      stt: { type: 'Whisper', endpoint },
      tts: { type: 'Kokoro', endpoint },
    }),
  };
}
