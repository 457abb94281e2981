import type { Schedule } from './schedule.ts';

/** Schedules that the runtime once did not weather, by what went wrong then. */
export const KEPT: Readonly<Record<string, Schedule>> = {};
