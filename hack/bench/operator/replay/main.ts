/**
 * The raw side of the cold bench, a process of its own as the operator is one. Reads its task from the
 * file named by TASK and writes what it measured to the file named there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { RawPool } from '../../raw-pool.ts';
import { IN_FLIGHT, type MadeTenant } from '../make-tenants.ts';
import { readRecording } from '../recording.ts';
import { replay } from './replay.ts';

export interface ReplayTask {
  readonly kubeconfigPath: string;
  readonly recording: string;
  readonly recorded: readonly MadeTenant[];
  readonly present: readonly MadeTenant[];
  /** Whether the operator's watches are open meanwhile, and read. */
  readonly withWatches: boolean;
  readonly resultPath: string;
}

const task = JSON.parse(readFileSync(process.env['TASK'] ?? '', 'utf8')) as ReplayTask;
const { requests, watches, leftOut } = await readRecording(task.recording);
const watched = task.withWatches ? watches : [];
// Watches get connections of their own, so that the replay has all of its.
const pool = new RawPool(task.kubeconfigPath, Math.max(1, watched.length));
const ending = new AbortController();
const open = watched.map((path) => pool.drainWatch(path, ending.signal));
const replayed = await replay({ ...task, requests, inFlight: IN_FLIGHT });
ending.abort();
await Promise.all(open);
await pool.close();
writeFileSync(task.resultPath, JSON.stringify({ ...replayed, watches: watched.length, leftOut }));
