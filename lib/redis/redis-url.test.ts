import { describe, expect, test } from 'vitest';
import { loadConfig } from '#lib/config/config.ts';
import { parseRedisURL, redisURLSchema } from './redis-url.ts';

const plain = { tls: false, username: undefined, password: undefined, database: 0, sentinel: undefined };
const a = { host: 'a', port: 6_379 };

describe('a Redis URL', () => {
  test.each([
    ['redis://a', { ...plain, topology: 'Standalone', hosts: [a] }],
    [
      'rediss://a:7000/3',
      { ...plain, topology: 'Standalone', hosts: [{ host: 'a', port: 7_000 }], tls: true, database: 3 },
    ],
    ['redis://:p%40ss@a/', { ...plain, topology: 'Standalone', hosts: [a], password: 'p@ss' }],
    [
      'redis://me:pass@[::1]:7000',
      {
        ...plain,
        topology: 'Standalone',
        hosts: [{ host: '::1', port: 7_000 }],
        username: 'me',
        password: 'pass',
      },
    ],
    [
      'redis+cluster://a:7000,b',
      {
        ...plain,
        topology: 'Cluster',
        hosts: [
          { host: 'a', port: 7_000 },
          { host: 'b', port: 6_379 },
        ],
      },
    ],
    [
      'rediss+cluster://:pass@a/0',
      { ...plain, topology: 'Cluster', hosts: [a], tls: true, password: 'pass' },
    ],
    [
      'redis+sentinel://a,b:7000/mymaster/2',
      {
        ...plain,
        topology: 'Sentinel',
        hosts: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 7_000 },
        ],
        database: 2,
        sentinel: { master: 'mymaster', username: undefined, password: undefined },
      },
    ],
    [
      'redis+sentinel://:pass@a/mymaster?sentinel_username=s&sentinel_password=p%2Fq',
      {
        ...plain,
        topology: 'Sentinel',
        hosts: [{ host: 'a', port: 26_379 }],
        password: 'pass',
        sentinel: { master: 'mymaster', username: 's', password: 'p/q' },
      },
    ],
  ])('%s', (text, address) => {
    expect(parseRedisURL(text)).toEqual(address);
  });

  test.each([
    ['http://a', 'must be redis://'],
    ['redis+magic://a', 'must be redis://'],
    ['redis://', 'host:port'],
    ['redis://a:b', 'host:port'],
    ['redis://a:99999', '99999'],
    ['redis://a,b', 'redis+cluster://'],
    ['redis://a/x', 'number of a database'],
    ['redis://a/1/2', 'number of a database'],
    ['redis://secret@a', 'user without a password'],
    ['redis://:secret%@a', 'percent-encoded'],
    ['redis://:secret@a?family=6', 'option family'],
    ['redis+sentinel://a', 'name the master'],
    ['redis+sentinel://a/?sentinel_password=secret', 'name the master'],
    ['redis+cluster://a/1', 'database 0 alone'],
    ['redis+cluster://a?sentinel_password=secret', 'option sentinel_password'],
  ])('%s is refused, and no credential is repeated', (text, problem) => {
    expect(() => parseRedisURL(text)).toThrow(problem);
    expect(() => parseRedisURL(text)).not.toThrow('secret');
  });

  test('is a setting whose value is the text', () => {
    const table = { URL: { schema: redisURLSchema, description: '', secret: true } };
    expect(loadConfig(table, { URL: 'redis+cluster://a,b' })).toEqual({ URL: 'redis+cluster://a,b' });
    expect(() => loadConfig(table, { URL: 'redis+sentinel://:word@a' })).toThrow(
      'URL: its value (hidden) is wrong',
    );
  });
});
