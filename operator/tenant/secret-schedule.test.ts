import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import type { RawTenant } from '#operator/world/raw-objects.ts';
import { SecretSchedule } from './secret-schedule.ts';

const DAY_MS = 86_400_000;
const MANY = 500;

test('it looks through many Tenants without holding up everything else, and names those that are due', async () => {
  const clock = new FakeClock();
  let sinceTurn = 0;
  let most = 0;
  const next = () => {
    sinceTurn = 0;
    immediate = setImmediate(next);
  };
  let immediate = setImmediate(next);
  const rotatedAt = (days: number) => new Date(clock.now() - days * DAY_MS).toISOString();
  const tenants = Array.from({ length: MANY }, (_, index): RawTenant => {
    return {
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'Tenant',
      metadata: { name: `t${index}` },
      get status() {
        sinceTurn += 1;
        most = Math.max(most, sinceTurn);
        return { secrets: { generation: 1, rotatedAt: rotatedAt(index === MANY - 1 ? 90 : 89) } };
      },
    };
  });
  const due: string[] = [];
  const schedule = new SecretSchedule({
    world: { tenants: { list: () => tenants } },
    rotationDays: 90,
    pace: { free: MANY },
    clock,
    enqueue: (name) => due.push(name),
  });
  await schedule.start((error) => expect.unreachable(String(error)));
  await expect.poll(() => due).toEqual([`t${MANY - 1}`]);
  await schedule.stop();
  clearImmediate(immediate);
  expect(most).toBeLessThan(MANY / 2);
});

test('of many that are old it names as many as may be rotated, and each whose date is still to come', async () => {
  const clock = new FakeClock();
  const tenants = [100, 100, -10, 100].map((days, index): RawTenant => {
    const rotatedAt = new Date(clock.now() - days * DAY_MS).toISOString();
    const metadata = { name: `t${index}` };
    const status = { secrets: { generation: 1, rotatedAt } };
    return { apiVersion: 'veralux.io/v1alpha1', kind: 'Tenant', metadata, status };
  });
  const due: string[] = [];
  const schedule = new SecretSchedule({
    world: { tenants: { list: () => tenants } },
    rotationDays: 90,
    pace: { free: 2 },
    clock,
    enqueue: (name) => due.push(name),
  });
  await schedule.start((error) => expect.unreachable(String(error)));
  await expect.poll(() => due).toEqual(['t0', 't1', 't2']);
  await schedule.stop();
});
