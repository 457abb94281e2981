import type { IncomingMessage, RequestListener } from 'node:http';
import { isIPv6 } from 'node:net';
import { podKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { healthRoutes, metricsRoute } from '#lib/http/health-routes.ts';
import { HttpServer } from '#lib/http/http-server.ts';
import { sendProblem } from '#lib/http/problem.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { Admission } from './admission/admission.ts';
import { AwayStore } from './admission/away-store.ts';
import { CallProfiles } from './admission/call-profiles.ts';
import { MonthUsage } from './admission/month-usage.ts';
import { OwnSlots } from './admission/own-slots.ts';
import { PodSlots } from './admission/pod-slots.ts';
import { RedisWatch } from './admission/redis-watch.ts';
import { Routing } from './admission/routing.ts';
import { CallAdvancer } from './call/advance.ts';
import type { StoredCall } from './call/call-record.ts';
import { tellReason } from './call/call-reports.ts';

import { CallDriver } from './call/driver.ts';
import { LiveCalls } from './call/live-calls.ts';
import type { OpenSession } from './call/session-port.ts';
import { TelnyxCarrier } from './carrier/telnyx.ts';
import type { RuntimeConfig } from './config.ts';
import { RecentCalls } from './keep/recent-calls.ts';
import { RecordingErasure } from './keep/recording-erasure.ts';
import { restoreShard } from './keep/restore-shard.ts';
import { ShardWatch } from './keep/shard-watch.ts';
import { StuckCalls } from './keep/stuck-calls.ts';
import { LedgerTail } from './ledger/ledger-tail.ts';
import { LedgerWriter } from './ledger/ledger-writer.ts';
import { MediaServer } from './media-server/media-server.ts';
import { HELD_CALLS_PATH, heldCallsRoute } from './pod/held-calls.ts';
import { Peers } from './pod/peers.ts';
import { Pod } from './pod/pod.ts';
import { PodRegistry } from './pod/pod-registry.ts';
import { PodWatch } from './pod/pod-watch.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from './runtime-metrics.ts';
import { RedisClock } from './store/redis-clock.ts';
import { type CallRef, storeKeys } from './store/store-keys.ts';
import { ToolTokens } from './tools/tool-tokens.ts';
import { webhookKeyOf } from './webhook/verify-signature.ts';
import { WEBHOOK_PATH, WebhookEndpoint } from './webhook/webhook-endpoint.ts';
import { WebhookRouter } from './webhook/webhook-router.ts';

export interface RuntimeOptions {
  readonly config: RuntimeConfig;
  readonly redis: Redis;
  readonly openSession: OpenSession;
  /** False while the pod is up but could not hold a call. Absent: always true. */
  readonly canServe?: () => boolean;
  /** False while the pod is too busy for further calls. Absent: always true. */
  readonly takesCalls?: () => boolean;
  /** What else keeps the pod from serving, for /readyz. */
  readonly notReady?: () => readonly string[];
  readonly registry: Registry;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface Runtime {
  /** In the order of their start: what others lean on first. */
  readonly services: readonly Service[];
  readonly server: HttpServer;
  /** Absent where METRICS_PORT is: then `server` has the metrics. */
  readonly metricsServer: HttpServer | undefined;
  readonly driver: CallDriver;
  readonly ledger: LedgerWriter;
  readonly pod: Pod;
  readonly stuck: StuckCalls;
}

const NOT_FOUND = { status: 404, code: 'not_found', title: 'There is nothing at this path.' } as const;

/** Puts the call path of one pod together. Starts nothing. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const parts = createParts(options);
  const { config, registry } = options;
  const { common, driver, ledger, pod, podWatch, watch, shards, stuck, recordingErasure } = parts;
  const { media, routes } = createDoors(options, parts);
  const metricsServer = createMetricsServer(options);
  const listener = healthRoutes({
    registry: metricsServer ? undefined : registry,
    notReady: () => [...pod.notReady(), ...(options.notReady?.() ?? [])],
    next: (request, response) => {
      const route = routes.get(pathOf(request));
      if (route) void route(request, response);
      else sendProblem(response, NOT_FOUND);
    },
  });
  const server = new HttpServer({
    name: 'http server',
    host: config.HOST,
    port: config.PORT,
    log: options.log,
    // Calls in progress need their webhooks to the end.
    acceptWhileDraining: true,
    listener: (request, response) => {
      // The carrier's connections alone are kept, which the endpoint of webhooks knows: anybody can ask for the rest.
      if (pathOf(request) !== WEBHOOK_PATH) response.shouldKeepAlive = false;
      listener(request, response);
    },
    onUpgrade: (request, socket, head) => void media.upgrade(request, socket, head),
    maxConnectionsPerAddress: config.CONNECTIONS_PER_ADDRESS,
    onRefused: () => common.metrics.connectionsRefused.inc(),
  });
  return {
    services: [
      watch,
      shards,
      ledger,
      pod,
      driver,
      podWatch,
      stuck,
      recordingErasure,
      ...(metricsServer ? [metricsServer] : []),
      server,
    ],
    server,
    metricsServer,
    driver,
    ledger,
    pod,
    stuck,
  };
}

/** To the end of the drain: that is what one wants to look at then. */
function createMetricsServer({ config, registry, log }: RuntimeOptions): HttpServer | undefined {
  const { HOST: host, METRICS_PORT: port } = config;
  if (port === undefined) return undefined;
  const listener = metricsRoute(registry);
  return new HttpServer({ name: 'metrics server', host, port, log, listener, acceptWhileDraining: true });
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

interface StoreParts {
  readonly clock: RedisClock;
  readonly metrics: RuntimeMetrics;
  readonly live: LiveCalls;
  readonly slots: () => PodSlots;
  readonly announce: () => Promise<void>;
  readonly tellReason: (call: StoredCall) => Promise<void>;
  readonly onBack: () => void;
}

/** Where calls and the ledger are kept, and what keeps them when Redis does not. */
function createStores(
  { config, redis, log }: RuntimeOptions,
  { clock, metrics, live, slots, announce, tellReason, onBack }: StoreParts,
) {
  const usage = new MonthUsage(redis, clock, log);
  const liveOf = (tenantID: string) =>
    live.refs().flatMap((ref) => (ref.tenantID === tenantID ? ref.callID : []));
  const tail = new LedgerTail(metrics);
  const recent = new RecentCalls();
  const away = (key: string) => watch.away(key);
  const kept = { redis, clock, tail, recent, usage, away, liveOf, log };
  const store = new AwayStore({ ...kept, pod: config.POD_NAME });
  const shards = new ShardWatch({
    redis,
    tail,
    shardsOfCalls: () => [...live.shards(), ...recent.shards(clock.now())],
    restore: (shard) => restoreShard(shard, { live, announce, recent, tellReason, tail, store, clock, log }),
    log,
    clock,
    metrics,
  });
  const runtime = config.RUNTIME_NAME;
  // No step waits for another's server: on a Cluster one may stay away for long.
  const bringBack = async () => {
    onBack();
    const released = await slots().releaseOwed();
    const there = ALL_SHARDS.filter((shard) => !away(storeKeys.mark(shard)));
    const seen = await shards.look(there);
    const brought = await store.bringBack(seen);
    return released && brought && seen.size === ALL_SHARDS.length;
  };
  const watch = new RedisWatch({
    redis,
    runtime,
    onBack: bringBack,
    isAwaited: () => store.isAwaited || (slots().owes && !away(podKeys.runtimePods(runtime))),
    redisClock: clock,
    log,
    clock,
  });
  return { store, shards, watch };
}

const always = () => true;

type CarrierParts = Pick<ConstructorParameters<typeof TelnyxCarrier>[0], 'log' | 'clock' | 'metrics'>;

/** What lasts for as long as the pod does, and goes on whoever comes in: calls, slots, the carrier. */
function createParts(options: RuntimeOptions) {
  const { config, redis, log, canServe = always, takesCalls = always } = options;
  const clock = new RedisClock(options.clock);
  const runtime = config.RUNTIME_NAME;
  const maxDurationMs = config.MAX_CALL_DURATION_SECONDS * 1_000;
  const metrics = createRuntimeMetrics(options.registry);
  const registry = new PodRegistry(redis, runtime);
  const common = { log, clock, metrics } as const;

  const live = new LiveCalls(metrics);
  const { store, shards, watch } = createStores(options, {
    clock,
    metrics,
    live,
    slots: () => slots,
    announce: () => pod.announce(),
    tellReason: (call) => tellReason(advancer, call, clock.now()),
    onBack: () => stuck.hurry(),
  });
  const away = (key: string) => watch.away(key);
  const advancer = new CallAdvancer(store, metrics);
  const own = new OwnSlots({
    away: () => away(podKeys.runtimePods(runtime)),
    serving: () => canServe() && !pod.draining,
    takesCalls,
    self: { pod: config.POD_NAME, runtime, mediaURL: config.MEDIA_URL, slots: config.CALLS_PER_POD },
    calls: () => [...live.refs(), ...store.open],
    now: () => clock.now(),
  });
  const self = { pod: config.POD_NAME, announce: () => pod.announce() };
  const slots: PodSlots = new PodSlots({ redis, clock, runtime, own, self });
  const routing = new Routing({ redis, log, away, clock });
  const ledger = new LedgerWriter({ ...common, store });
  const carrier = createCarrier(config, common);
  const takeWithoutRedis = (ref: CallRef) => {
    if (away(storeKeys.call(ref)) && !live.has(ref.callID)) store.begin(ref);
  };
  const calls = { store, advancer, takeWithoutRedis, maxDurationMs } as const;
  const tokens = { callTokenSecret: config.CALL_TOKEN_SECRET };
  const toolTokens = new ToolTokens({ ...tokens, routing, log });
  const profiles = new CallProfiles({ routing, toolTokens, log });
  const paths = { ...calls, ...tokens, slots, routing, carrier, runtime, away } as const;
  const driver = new CallDriver({ ...common, ...paths, letGo: live.end.bind(live) });
  const pod: Pod = new Pod({
    ...common,
    pod: config.POD_NAME,
    runtime,
    mediaURL: config.MEDIA_URL,
    address: addressOf(config),
    slotCount: config.CALLS_PER_POD,
    registry,
    slots,
    live,
    peers: new Peers({ ...common, ...paths, pod: config.POD_NAME }),
    canServe,
    takesCalls,
  });
  const podWatch = new PodWatch({
    ...paths,
    ...common,
    pod: config.POD_NAME,
    registry,
    driver,
    redisWatch: watch,
    held: () => live.held(),
  });
  const stuck: StuckCalls = new StuckCalls({
    ...common,
    ...paths,
    redis,
    pod: config.POD_NAME,
    drive: (call) => driver.drive(call),
  });
  const recordingErasure = new RecordingErasure({
    ...common,
    redis,
    runtime,
    carrier,
    pod: config.POD_NAME,
  });
  return {
    common,
    paths,
    live,
    driver,
    ledger,
    pod,
    podWatch,
    watch,
    shards,
    stuck,
    recordingErasure,
    profiles,
    toolTokens,
  };
}

/** Where the carrier and other pods come in. */
function createDoors({ config, openSession }: RuntimeOptions, parts: ReturnType<typeof createParts>) {
  const { common, paths, live, driver, ledger, pod, profiles, toolTokens } = parts;
  const admission = new Admission({ ...common, ...paths });
  const media = new MediaServer({
    ...common,
    ...paths,
    pod: config.POD_NAME,
    slotCount: config.CALLS_PER_POD,
    draining: () => pod.draining,
    live,
    profiles,
    callServices: { ...common, ...paths, driver, ledger, openSession, toolTokens },
  });
  const webhooks = new WebhookEndpoint({
    ...common,
    key: webhookKeyOf(config.TELNYX_PUBLIC_KEY),
    router: new WebhookRouter({ ...common, ...paths, admission }),
    drive: (call) => driver.drive(call),
  });
  const heldCalls = heldCallsRoute({
    ...common,
    ...paths,
    pod: config.POD_NAME,
    held: () => live.held(),
    hasRedis: () => pod.hasRedis,
  });
  const routes = new Map<string, (...exchange: Parameters<RequestListener>) => Promise<void> | void>([
    [WEBHOOK_PATH, (request, response) => webhooks.handle(request, response)],
    [HELD_CALLS_PATH, heldCalls],
  ]);
  return { media, routes };
}

/** Where other pods reach this one; undefined where its IP is not known, or its port only once it listens. */
function addressOf({ POD_IP: ip, PORT: port }: RuntimeConfig): string | undefined {
  if (ip === undefined || port === 0) return undefined;
  return `http://${isIPv6(ip) ? `[${ip}]` : ip}:${port}`;
}

function createCarrier(config: RuntimeConfig, common: CarrierParts): TelnyxCarrier {
  return new TelnyxCarrier({
    ...common,
    apiKey: config.TELNYX_API_KEY,
    baseURL: config.TELNYX_BASE_URL,
    applicationID: config.TELNYX_CONNECTION_ID,
    stream: {
      codec: config.STREAM_CODEC,
      sampleRate: config.STREAM_SAMPLE_RATE,
      targetLegs: config.STREAM_TARGET_LEGS,
    },
  });
}
