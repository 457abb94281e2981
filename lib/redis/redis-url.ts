import { z } from 'zod';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is and how it is laid out, as a URL says it. Credentials are decoded. */
export interface RedisAddress {
  readonly topology: 'Standalone' | 'Sentinel' | 'Cluster';
  /** The server; the Sentinels; or those masters or replicas of the Cluster that are asked for the others. */
  readonly hosts: readonly HostAndPort[];
  /** To every server and Sentinel alike. */
  readonly tls: boolean;
  /** Of the servers that hold data. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly sentinel:
    | {
        /** The name under which the Sentinels know the master. */
        readonly master: string;
        readonly username: string | undefined;
        readonly password: string | undefined;
      }
    | undefined;
}

export class RedisURLInvalid extends OperatingError {
  constructor(problem: string, cause?: unknown) {
    super('redis_url_invalid', problem, { cause });
  }
}

/** What the URLs look like, for descriptions of settings. */
export const REDIS_URL_FORMS =
  'redis://host:6379/0, redis+sentinel://host:26379,host:26379/master/0 or redis+cluster://host:6379,host:6379; rediss… for TLS';

/** A setting that says where Redis is; its value is the text, for `openRedis`. */
export const redisURLSchema = z.string().superRefine((text, context) => {
  try {
    parseRedisURL(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
  }
});

const FORM =
  /^(?<scheme>rediss?)(?:\+(?<layout>sentinel|cluster))?:\/\/(?:(?<user>[^/?#]*)@)?(?<hosts>[^/?#@]*)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const HOST = /^(?<host>\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(?<port>\d{1,5}))?$/;

/**
 * Parses the forms of lib/redis/README.md. Several hosts make it not a URL in the sense of the WHATWG.
 * Throws RedisURLInvalid, whose message never repeats a credential.
 */
export function parseRedisURL(text: string): RedisAddress {
  const { scheme, layout, user, hosts, path = '', query = '' } = FORM.exec(text)?.groups ?? {};
  if (hosts === undefined) throw new RedisURLInvalid(`must be ${REDIS_URL_FORMS}`);
  const topology = layout === 'sentinel' ? 'Sentinel' : layout === 'cluster' ? 'Cluster' : 'Standalone';
  const defaultPort = topology === 'Sentinel' ? 26_379 : 6_379;
  const list = hosts.split(',').map((host) => parseHost(host, defaultPort));
  if (topology === 'Standalone' && list.length > 1) {
    throw new RedisURLInvalid('names several hosts: is it redis+sentinel:// or redis+cluster://?');
  }
  const segments = path === '' ? [] : path.split('/');
  const master = topology === 'Sentinel' ? segments.shift() : undefined;
  if (topology === 'Sentinel' && !master) {
    throw new RedisURLInvalid('must name the master that the Sentinels watch, as in …/mymaster');
  }
  const database = parseDatabase(segments, topology);
  const options = parseQuery(query, topology);
  return {
    topology,
    hosts: list,
    tls: scheme === 'rediss',
    ...parseUser(user),
    database,
    sentinel: master === undefined ? undefined : { master: decode(master), ...options },
  };
}

function parseHost(text: string, defaultPort: number): HostAndPort {
  const { host, port } = HOST.exec(text)?.groups ?? {};
  if (host === undefined) throw new RedisURLInvalid('must name hosts as host:port, separated by commas');
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) throw new RedisURLInvalid(`has the port ${port}, which cannot be`);
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function parseUser(user: string | undefined): Pick<RedisAddress, 'username' | 'password'> {
  if (user === undefined) return { username: undefined, password: undefined };
  const colon = user.indexOf(':');
  const [name, password] = colon === -1 ? [user, ''] : [user.slice(0, colon), user.slice(colon + 1)];
  if (password === '')
    throw new RedisURLInvalid('has a user without a password: user:password@ or :password@');
  return { username: name === '' ? undefined : decode(name), password: decode(password) };
}

function parseDatabase(segments: readonly string[], topology: RedisAddress['topology']): number {
  const [text = '0', ...others] = segments.filter((segment) => segment !== '');
  if (others.length > 0 || !/^\d{1,5}$/.test(text)) {
    throw new RedisURLInvalid('must end with the number of a database, or without one');
  }
  const database = Number(text);
  if (topology === 'Cluster' && database !== 0) throw new RedisURLInvalid('a Cluster has database 0 alone');
  return database;
}

const SENTINEL_OPTIONS = ['sentinel_username', 'sentinel_password'];

function parseQuery(query: string, topology: RedisAddress['topology']) {
  const options = new URLSearchParams(query);
  const known = topology === 'Sentinel' ? SENTINEL_OPTIONS : [];
  const unknown = [...options.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RedisURLInvalid(`has the option ${unknown}, which is none here`);
  return {
    username: options.get('sentinel_username') ?? undefined,
    password: options.get('sentinel_password') ?? undefined,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new RedisURLInvalid('is not percent-encoded: write % as %25', error);
  }
}
