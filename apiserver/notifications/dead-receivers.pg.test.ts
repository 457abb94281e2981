import { afterAll, beforeAll, expect, test } from 'vitest';
import { callEvents } from '../testing/ledger-events.ts';
import { TestNotifications, WEBHOOK_URL } from '../testing/test-notifications.ts';

let told: TestNotifications;
beforeAll(async () => {
  told = await TestNotifications.start();
});
afterAll(() => told.stop());

const endOfCall = (tenantID: string) =>
  callEvents({ tenantID }).filter(({ kind }) => kind === 'started' || kind === 'ended');

test('a thousand that wait for a hundred dead receivers delay a living one for no longer than the first of them take', {
  timeout: 100_000,
}, async () => {
  const alive = await told.tenant({ webhookURL: WEBHOOK_URL, webhookEvents: ['CallEnded'] });
  const dead = await told.deadTenants(100);
  await told.write(dead.flatMap((id) => Array.from({ length: 10 }, () => endOfCall(id)).flat()));
  for (let call = 0; call < 10; call += 1) await told.write(endOfCall(alive.tenantID));
  // With places for 64 of them, the hundred have had their ten seconds after twenty; one by one it were 1,000. The rest
  // of the time is for a machine that does much else meanwhile.
  await expect.poll(() => told.posted(alive).length, { timeout: 80_000, interval: 100 }).toBe(10);
});
