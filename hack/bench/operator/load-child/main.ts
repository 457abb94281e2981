/**
 * One client under one load, in a process of its own so that its memory can be told. Reads its task from
 * the file named by TASK and writes what it measured to the file named there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { processUsage } from '../../process-usage.ts';
import type { LoadTask } from './load-task.ts';

const task = JSON.parse(readFileSync(process.env['TASK'] ?? '', 'utf8')) as LoadTask;
// Only the client that is measured is loaded: what another would cost must not show in its memory.
const measured = await {
  ours: async () => (await import('./ours.ts')).measureOurs(task),
  stock: async () => (await import('./stock.ts')).measureStock(task),
  raw: async () => (await import('./raw.ts')).measureRaw(task),
}[task.client]();
writeFileSync(task.resultPath, JSON.stringify({ ...measured, ...processUsage('self') }));
process.exit(0);
