import { Redis } from 'ioredis';
import { backoffMs } from '#lib/clock/backoff.ts';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';

export type { Redis };

export interface ConnectRedisOptions {
  /** redis:// or rediss://, with the database number as its path. */
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
  /** How long the first connection may take before the program gives up. */
  readonly startTimeoutMs?: number;
}

export class RedisUnreachable extends OperatingError {
  constructor(url: string, cause: unknown) {
    const { host } = new URL(url);
    super('redis_unreachable', `Redis at ${host} cannot be reached: ${messageOf(cause)}`, {
      retryable: true,
      cause,
    });
  }
}

/** Connects and waits until Redis is ready to serve; throws RedisUnreachable after `startTimeoutMs`. */
export async function connectRedis(options: ConnectRedisOptions): Promise<Redis> {
  const redis = openRedis(options);
  let lastError: unknown = new Error('no answer');
  redis.on('error', (error: Error) => {
    lastError = error;
  });
  const ready = Promise.withResolvers<boolean>();
  redis.once('ready', () => ready.resolve(true));
  const timer = setTimeout(() => ready.resolve(false), options.startTimeoutMs ?? 10_000);
  const isReady = await ready.promise;
  clearTimeout(timer);
  if (isReady) return redis;
  redis.disconnect();
  throw new RedisUnreachable(options.url, lastError);
}

/**
 * Begins to connect and returns at once. The client reconnects by itself for ever, but a command never
 * waits for that: while the connection is away, commands fail at once (no offline queue, no resending),
 * so that a caller decides what to do instead of stalling. End it with `disconnectRedis`.
 */
export function openRedis({ url, name, log, commandTimeoutMs }: ConnectRedisOptions): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectionName: name,
    commandTimeout: commandTimeoutMs ?? 2_000,
    connectTimeout: 2_000,
    keepAlive: 10_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: true,
    retryStrategy: (attempt) => backoffMs(attempt, { initialMs: 50, maxMs: 1_000 }),
    // After a failover the old master answers READONLY: a new connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  redis.on('error', (error: Error) => {
    log.debug({ err: error, connection: name }, 'a connection to Redis failed');
  });
  let wasReady = false;
  redis.on('ready', () => {
    wasReady = true;
    log.info({ connection: name }, 'connected to Redis');
  });
  redis.on('close', () => {
    if (wasReady) log.warn({ connection: name }, 'the connection to Redis is lost');
    wasReady = false;
  });
  // The first attempt's failure is told as an `error` too, and the retry strategy goes on.
  redis.connect().catch(() => undefined);
  return redis;
}

/** Ends a client: waits for replies under way, at most a second, then cuts the connection. */
export async function disconnectRedis(redis: Redis): Promise<void> {
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
