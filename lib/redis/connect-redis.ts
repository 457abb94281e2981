import { Cluster, type RedisOptions, Redis as Server } from 'ioredis';
import { backoffMs } from '#lib/clock/backoff.ts';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import { parseRedisURL, type RedisAddress } from './redis-url.ts';
import { mastersOf, type Redis } from './servers.ts';

export type { Redis };

export interface ConnectRedisOptions {
  /** One of the forms in lib/redis/README.md. */
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly log: Logger;
  /**
   * A command without a reply for this long fails. It may still have been carried out, so what is
   * sent has to be safe to repeat. It bounds blocking reads too: they get a client of their own, with
   * a time above their BLOCK.
   */
  readonly commandTimeoutMs?: number;
  /**
   * Has what is asked within one turn of the event loop share a write to the socket, which costs more than a small
   * command. Not of a Cluster, whose connections are its own.
   */
  readonly joinsWrites?: boolean;
  /** How long the first connection may take before the program gives up. */
  readonly startTimeoutMs?: number;
}

export class RedisUnreachable extends OperatingError {
  constructor(url: string, cause: unknown) {
    const at = parseRedisURL(url)
      .hosts.map(({ host, port }) => `${host}:${port}`)
      .join(', ');
    super('redis_unreachable', `Redis at ${at} cannot be reached: ${messageOf(cause)}`, {
      retryable: true,
      cause,
    });
  }
}

const RECONNECT = { initialMs: 50, maxMs: 1_000 };
/** How often a Cluster is asked who has which slots, for what shows itself by no lost connection. */
const SLOTS_PERIOD_MS = 5_000;
/** Redirections of one command. More than two show that the Cluster is about to change. */
const MAX_REDIRECTIONS = 4;

/**
 * Connects and waits until Redis is ready to serve, a Cluster even where some of its servers are away; throws
 * RedisUnreachable after `startTimeoutMs`.
 */
export async function connectRedis(options: ConnectRedisOptions): Promise<Redis> {
  const redis = open(options);
  let lastError: unknown = new Error('no answer');
  redis.on('error', (error: Error & { lastNodeError?: Error }) => {
    lastError = error.lastNodeError ?? error;
  });
  let socketError: unknown;
  redis.on('node error', (error: NodeJS.ErrnoException) => {
    if (error.code !== undefined) socketError = error;
  });
  const ready = Promise.withResolvers<boolean>();
  redis.once('ready', () => ready.resolve(true));
  const timer = setTimeout(() => ready.resolve(false), options.startTimeoutMs ?? 10_000);
  const isReady = await ready.promise;
  clearTimeout(timer);
  if (isReady) {
    await Promise.all(mastersOf(redis).map(hasTried));
    return redis;
  }
  ended.add(redis);
  redis.disconnect();
  throw new RedisUnreachable(options.url, socketError ?? lastError);
}

/**
 * Begins to connect and returns at once. The client reconnects by itself for ever and finds the servers
 * that took over, but a command never waits for that: while the server that has its key is away it fails at
 * once (no offline queue, no resending), so that a caller decides what to do instead of stalling. End it
 * with `disconnectRedis`. Throws RedisURLInvalid.
 */
export function openRedis(options: ConnectRedisOptions): Redis {
  return open(options);
}

function open(options: ConnectRedisOptions): Server | Cluster {
  const address = parseRedisURL(options.url);
  const redis = address.topology === 'Cluster' ? openCluster(address, options) : openServer(address, options);
  // The first attempt's failure is told as an `error` too, and the retry strategy goes on.
  redis.connect().catch(() => undefined);
  return redis;
}

function openServer(address: RedisAddress, options: ConnectRedisOptions): Server {
  const [server] = address.hosts;
  const redis = new (options.joinsWrites ? JoiningServer : Server)({
    ...serverOptions(address, options),
    ...(address.sentinel ? sentinelOptions(address, address.sentinel) : server),
    enableOfflineQueue: false,
    retryStrategy: (attempt) => backoffMs(attempt, RECONNECT),
  });
  beginAgainAtEnd(redis);
  return logged(redis, options);
}

/** Whose commands are each sent and timed as they are asked; only the socket waits for the turn's end. */
class JoiningServer extends Server {
  override sendCommand(...asked: Parameters<Server['sendCommand']>): unknown {
    const { stream } = this;
    if (stream?.writableCorked === 0) {
      stream.cork();
      setImmediate(() => stream.uncork());
    }
    return super.sendCommand(...asked);
  }
}

/** Clients that are to end. */
const ended = new WeakSet<Redis>();

/**
 * A client that is told of a failover while it asks a Sentinel for the master takes that for its end, and would
 * never connect again.
 */
function beginAgainAtEnd(redis: Server): void {
  redis.on('end', () => {
    setTimeout(() => {
      if (!ended.has(redis)) redis.connect().catch(() => undefined);
    }, RECONNECT.initialMs);
  });
}

function openCluster(address: RedisAddress, options: ConnectRedisOptions): Cluster {
  const cluster = new Cluster([...address.hosts], {
    lazyConnect: true,
    enableOfflineQueue: false,
    redisOptions: serverOptions(address, options),
    // Names are left for the connection to resolve: a certificate is held against them.
    dnsLookup: (host, resolve) => resolve(null, host),
    maxRedirections: MAX_REDIRECTIONS,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: SLOTS_PERIOD_MS,
    clusterRetryStrategy: (attempt) => backoffMs(attempt, RECONNECT),
    clusterNodeRetryStrategy: (attempt) => {
      // A server that is away may have been replaced: the others know by which.
      cluster.refreshSlotsCache();
      return backoffMs(attempt, RECONNECT);
    },
  });
  cluster.on('+node', (server: Server) => {
    logged(server, options);
    // A command that found its server still to be connected to would fail.
    server.connect().catch(() => undefined);
  });
  return logged(cluster, options);
}

function serverOptions(address: RedisAddress, { name, commandTimeoutMs = 2_000 }: ConnectRedisOptions) {
  const { username, password, database, tls } = address;
  return {
    lazyConnect: true,
    connectionName: name,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    db: database,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 2_000,
    // A server that went silent may have been replaced: a new connection finds out.
    socketTimeout: 2 * commandTimeoutMs,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    // What is a replica now, or was one all the time, cannot be written: a new connection finds the master.
    reconnectOnError: (error: Error) => /^(READONLY|MASTERDOWN) /.test(error.message),
  } satisfies RedisOptions;
}

function sentinelOptions({ hosts, tls }: RedisAddress, sentinel: NonNullable<RedisAddress['sentinel']>) {
  const { master, username, password } = sentinel;
  return {
    sentinels: [...hosts],
    name: master,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    sentinelCommandTimeout: 1_000,
    sentinelRetryStrategy: (attempt: number) => backoffMs(attempt, RECONNECT),
    // A master that went silent keeps its connections: the Sentinels say when another has its place.
    failoverDetector: true,
  } satisfies RedisOptions;
}

function logged<R extends Server | Cluster>(redis: R, { name, log }: ConnectRedisOptions): R {
  const connection = { connection: name, ...(redis instanceof Server ? { server: redis.options.port } : {}) };
  let wasReady = false;
  redis.on('error', (error: Error) => {
    log.debug({ err: error, ...connection }, 'a connection to Redis failed');
  });
  redis.on('ready', () => {
    wasReady = true;
    log.info(connection, 'connected to Redis');
  });
  redis.on('close', () => {
    if (wasReady) log.warn(connection, 'the connection to Redis is lost');
    wasReady = false;
  });
  return redis;
}

/** Resolves once the first attempt to connect has come to something. */
function hasTried(server: Server): Promise<void> {
  const tried = Promise.withResolvers<void>();
  if (server.status === 'ready') tried.resolve();
  for (const outcome of ['ready', 'close']) server.once(outcome, () => tried.resolve());
  return tried.promise;
}

/** Ends a client: waits for replies under way, at most a second, then cuts the connection. */
export async function disconnectRedis(redis: Redis): Promise<void> {
  ended.add(redis);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1_000);
  });
  const quit = redis.quit().then(
    () => undefined,
    // Redis is away already, so there is nothing to wait for.
    () => undefined,
  );
  await Promise.race([quit, timeout]);
  clearTimeout(timer);
  redis.disconnect();
}
