import type { FaultRule } from '#hack/standins/telnyx/faults/fault-table.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { type ConfirmedFields, confirmedFields } from './confirmed-fields.ts';
import type { Shortage, Span } from './evidence.ts';
import type { Fault, FaultKind } from './faults.ts';
import type { Seat } from './seat.ts';
import type { StormWorld } from './world.ts';

const FREEZE_MS = 3_000;
/** After a 429 nothing is asked of the carrier for a second. */
const AFTER_THROTTLE_MS = 1_000;
/** From Redis' return until a pod that was not heard of is missed: a heartbeat's period, and two looks. */
export const AFTER_REDIS_MS = 3_000;
/** The share of a stream's 20 ms frames at which a fault that waits for one strikes. */
const FRAME_SHARE = 0.02;

type Harm<K extends FaultKind> = (fault: Extract<Fault, { do: K }>) => Promise<void> | void;

/** Makes the faults of a schedule happen in its world. */
export class Harms {
  readonly #world: StormWorld;
  /** Redis is harmed in one way at a time. */
  #redisHarm: Promise<void> = Promise.resolve();
  /** What callers had confirmed when the pod that they spoke with was killed. */
  readonly confirmed: ConfirmedFields[] = [];
  /** What all pods were without, and when. */
  readonly shortages: Record<Shortage, Span[]> = { Carrier: [], Redis: [], Pods: [] };

  constructor(world: StormWorld) {
    this.#world = world;
  }

  /** Resolves when it is over, or was told to the carrier's stand-in, which lets it strike later. */
  async do(fault: Fault): Promise<void> {
    await (this.#harms[fault.do] as Harm<FaultKind>)(fault);
  }

  readonly #harms: { readonly [K in FaultKind]: Harm<K> } = {
    KillPod: async ({ seat, backAfterMs }) => {
      const killed = this.#seat(seat);
      if (!killed?.serves || killed.pod === undefined) return;
      this.confirmed.push(...(await confirmedFields(this.#world.redis, killed.pod)));
      await killed.kill(backAfterMs);
    },
    FreezePod: async ({ seat }) => {
      const frozen = this.#seat(seat);
      frozen?.freeze();
      await systemClock.sleep(FREEZE_MS);
      frozen?.thaw();
    },
    ReplacePods: () => this.#world.replacePods(),
    JumpClock: ({ seat }) => this.#seat(seat)?.jumpClock(),
    CutRedis: async ({ seat, forMs, how }) => {
      const link = this.#seat(seat)?.link;
      link?.cut(how);
      await systemClock.sleep(forMs);
      link?.mend();
    },
    CutAll: async ({ forMs, how }) => {
      const { seats } = this.#world;
      for (const { link } of seats) link.cut(how);
      await this.#short('Redis', AFTER_REDIS_MS, async () => {
        await systemClock.sleep(forMs);
        for (const { link } of seats) link.mend();
      });
    },
    KillRedis: ({ forMs }) =>
      this.#onRedis(async (server) => {
        await server.kill();
        await systemClock.sleep(forMs);
        await server.restart();
      }),
    EmptyRedis: () =>
      this.#onRedis(async (server) => {
        await server.restartEmpty();
        await this.#project();
      }),
    FailOverRedis: ({ lostMs }) =>
      this.#onRedis(async (server) => {
        const replica = await server.replicate();
        await replica.cutOff();
        await systemClock.sleep(lostMs);
        await replica.failOver();
        await this.#project();
      }),
    Throttle: async ({ requestsPerSecond, forMs }) => {
      const { control } = this.#world.carrier;
      control.change({ requestsPerSecond });
      await this.#short('Carrier', AFTER_THROTTLE_MS, async () => {
        await systemClock.sleep(forMs);
        control.change({ requestsPerSecond: UNTHROTTLED });
      });
    },
    FailCommands: ({ how, times }) =>
      this.#atCarrier({
        at: 'POST /v2/calls*',
        fault: how === '503' ? { kind: 'status', status: 503 } : { kind: how },
        count: times,
      }),
    LoseWebhooks: ({ event, times }) =>
      this.#atCarrier({ at: `webhook ${event}`, fault: { kind: 'drop' }, count: times }),
    BreakSockets: ({ times }) =>
      this.#atCarrier({ at: 'stream', fault: { kind: 'breakSocket' }, count: times, share: FRAME_SHARE }),
    SpoilStreams: ({ how, times }) =>
      this.#atCarrier({ at: 'stream open', fault: { kind: how }, count: times }),
    StallStreams: ({ how, times }) =>
      this.#atCarrier({
        at: 'stream',
        fault: how === 'gap' ? { kind: 'gap', gapMs: 500 } : { kind: 'stopReading', forMs: 1_000 },
        count: times,
        share: FRAME_SHARE,
      }),
  };

  /** The one that a schedule means; seats without a pod are passed over. */
  #seat(index: number): Seat | undefined {
    const seats = this.#world.occupied();
    return seats[index % Math.max(1, seats.length)];
  }

  /** The operator does it as soon as it sees that Redis has lost something. */
  async #project(): Promise<void> {
    await this.#world.untilRedisAnswers();
    await this.#world.project();
  }

  #onRedis(act: (server: StormWorld['redisServer']) => Promise<void>): Promise<void> {
    this.#redisHarm = this.#redisHarm.then(() =>
      this.#short('Redis', AFTER_REDIS_MS, async () => {
        await act(this.#world.redisServer);
        await this.#world.untilRedisAnswers();
      }),
    );
    return this.#redisHarm;
  }

  /** Notes that there is too little of something while `work` lasts, and for a while after it. */
  async #short(what: Shortage, afterMs: number, work: () => Promise<void>): Promise<void> {
    const fromMs = Date.now();
    await work();
    this.shortages[what].push({ fromMs, toMs: Date.now() + afterMs });
  }

  /** Before the rules that are for everything, of which the first that fits would strike. */
  #atCarrier(rule: FaultRule): void {
    this.#world.carrier.control.faults.add(rule, 'First');
  }
}

/** More than all pods together ask for. */
export const UNTHROTTLED = 10_000;
