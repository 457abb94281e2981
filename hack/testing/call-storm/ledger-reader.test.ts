import { test } from 'vitest';
import { systemClock } from '#lib/clock/clock.ts';
import { LedgerReader } from './ledger-reader.ts';

/** Until the reader's client has been refused, and waits before it connects again. */
const REFUSED_AFTER_MS = 500;

test('ends also where Redis is gone for good', async () => {
  const reader = new LedgerReader('redis://127.0.0.1:1');
  reader.start();
  await systemClock.sleep(REFUSED_AFTER_MS);
  await reader.stop();
});
