import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callEvents } from '../testing/ledger-events.ts';
import { TEST_SECRET } from '../testing/test-api.ts';
import { TestNotifications, WEBHOOK_URL } from '../testing/test-notifications.ts';
import { until } from '../testing/until.ts';

const CHILD = fileURLToPath(new URL('../testing/notify-child/main.ts', import.meta.url));

let told: TestNotifications;
const children: ChildProcess[] = [];
beforeAll(async () => {
  told = await TestNotifications.start({ works: false });
});
afterAll(async () => {
  await Promise.all(children.map(kill));
  await told.stop();
});

function startChild(): ChildProcess {
  const { database, site } = told;
  const args = [CHILD, database.workerURL, TEST_SECRET, String(site.port), site.authority];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('what a killed server was sending is sent by another within a minute, under the same id', {
  timeout: 120_000,
}, async () => {
  const tenant = await told.tenant({ webhookURL: WEBHOOK_URL, webhookEvents: ['CallEnded'] });
  told.answer = () => undefined;
  const first = startChild();
  await told.write(callEvents({ tenantID: tenant.tenantID }));
  await until(async () => (told.posted(tenant).length === 1 ? true : undefined));
  await kill(first);
  told.answer = undefined;
  startChild();
  await until(async () => (told.posted(tenant).length === 2 ? true : undefined));
  const ids = told.posted(tenant).map(({ headers }) => headers['webhook-id']);
  expect(ids[1]).toBe(ids[0]);
  await expect
    .poll(() => told.deliveries(tenant), { timeout: 10_000 })
    .toMatchObject([{ state: 'Delivered', attempts: 1 }]);
});
