import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '#hack/local/free-port.ts';
import { FaultyLink } from '#hack/testing/faulty-link.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

const PATIENCE = { timeout: 20_000 };
const ALONE = ['Redis takes the heartbeats of other pods, and not of this one.'];

let server: TestRedis;
let link: FaultyLink;
let near: TestRuntime;
/** Its Redis is behind the link. */
let far: TestRuntime;

beforeEach(async () => {
  server = await startTestRedis();
  link = await FaultyLink.start(Number(new URL(server.url).port));
  near = await start(server.url, 'near');
  far = await start(`redis://127.0.0.1:${link.port}`, 'far');
});

afterEach(async () => {
  link.mend();
  await far.stop();
  await near.stop();
  await link.stop();
  await server.stop();
});

async function start(redisURL: string, name: string): Promise<TestRuntime> {
  const port = String(await freePort());
  return TestRuntime.start(redisURL, { POD_NAME: name, POD_IP: '127.0.0.1', PORT: port });
}

const readiness = async ({ runtime }: TestRuntime) =>
  (await fetch(`http://127.0.0.1:${runtime.server.port}/readyz`)).status;
const missedBeats = ({ logged }: TestRuntime) =>
  logged.filter((line) => line.includes('a heartbeat failed')).length;

test.each(['Refused', 'Silent'] as const)(
  'a pod that alone has no way to Redis (%s) leaves the Service, and comes back with it',
  async (how) => {
    expect([await readiness(near), await readiness(far)]).toEqual([200, 200]);
    link.cut(how);
    await expect.poll(() => far.runtime.pod.notReady(), PATIENCE).toEqual(ALONE);
    expect([await readiness(near), await readiness(far)]).toEqual([200, 503]);
    link.mend();
    await expect.poll(() => readiness(far), PATIENCE).toBe(200);
  },
);

test('while Redis is away for all pods they stay in the Service, and take calls of numbers that they know', async () => {
  await near.deliver(webhookOf('call.initiated', 'v3:before'));
  await near.recorder.next('v3:before', 'answer');
  await server.kill();
  for (const pod of [near, far]) await expect.poll(() => missedBeats(pod), PATIENCE).toBeGreaterThan(3);
  expect([await readiness(near), await readiness(far)]).toEqual([200, 200]);
  expect(await near.deliver(webhookOf('call.initiated', 'v3:away'))).toBe(200);
  await near.recorder.next('v3:away', 'answer');
});
