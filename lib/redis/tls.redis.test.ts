import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onFreePorts } from '#hack/local/free-port.ts';
import { createAuthority, createServerCertificate } from '#hack/testing/certificates.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** Connects as the programs do, runs a script, and says what came of it: what Node trusts is settled at its start. */
const CLIENT = `
  import { connectRedis, disconnectRedis } from '#lib/redis/connect-redis.ts';
  import { Script } from '#lib/redis/script.ts';
  import { silentLogger } from '#lib/log/logger.ts';
  import { z } from 'zod';
  try {
    const redis = await connectRedis({ url: process.argv[1], name: 'test', log: silentLogger, startTimeoutMs: 8_000 });
    const lua = "return redis.call('INCRBY', key, ARGV[1])";
    const add = new Script({ name: 'add', keys: ['key'], lua, reply: z.number() });
    console.log('sum', await add.run(redis, { key: 'sum' }, [2]));
    await disconnectRedis(redis);
  } catch (error) {
    console.log(error.code, error.cause?.code);
  }`;

let server: TestRedis;
let folder: string;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-'));
  const authority = createAuthority('An authority of our own');
  const { certificate, key } = createServerCertificate(authority);
  const files = { 'ca.pem': authority.certificate, 'server.pem': certificate, 'server.key': key };
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text, { mode: 0o600 });
  ({ server, port } = await onFreePorts(1, async ([free = 0]) => ({
    port: free,
    server: await startTestRedis([
      '--tls-port',
      String(free),
      '--tls-auth-clients',
      'no',
      '--tls-ca-cert-file',
      join(folder, 'ca.pem'),
      '--tls-cert-file',
      join(folder, 'server.pem'),
      '--tls-key-file',
      join(folder, 'server.key'),
    ]),
  })));
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function connect(url: string, env: Readonly<Record<string, string>>): Promise<string> {
  const args = ['--input-type=module-typescript', '--eval', CLIENT, url];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile(process.execPath, args, { cwd: REPOSITORY, env, timeout: 60_000 }, (error, stdout) =>
    error ? reject(error) : resolve(stdout.trim()),
  );
  return promise;
}

test('a server whose authority is named by NODE_EXTRA_CA_CERTS is talked to over TLS', async () => {
  const trusted = { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') };
  expect(await connect(`rediss://127.0.0.1:${port}/0`, trusted)).toBe('sum 2');
  expect(await connect(`rediss://localhost:${port}/0`, trusted)).toBe('sum 4');
}, 120_000);

test('one of an authority that nobody has named is not', async () => {
  expect(await connect(`rediss://127.0.0.1:${port}/0`, {})).toBe(
    'redis_unreachable SELF_SIGNED_CERT_IN_CHAIN',
  );
}, 120_000);

test('nor is one that speaks no TLS', async () => {
  expect(await connect(server.url.replace('redis:', 'rediss:'), {})).toMatch(/^redis_unreachable /);
}, 120_000);
