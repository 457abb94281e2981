import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Application } from './applications.ts';
import type { NumberOrder, OwnedNumber } from './numbers.ts';

/** What outlives a restart: the account, not its calls. */
export interface AccountState {
  readonly privateKey: string;
  readonly applications: readonly Application[];
  readonly numbers: readonly OwnedNumber[];
  readonly orders: readonly NumberOrder[];
}

// Only what the stand-in itself wrote is read, so the inner shapes are taken as they are.
const stateSchema = z.object({
  privateKey: z.string(),
  applications: z.array(z.custom<Application>()),
  numbers: z.array(z.custom<OwnedNumber>()),
  orders: z.array(z.custom<NumberOrder>()),
});

/** The state kept at `path`, or undefined when there is none. Throws when it cannot be read. */
export function readState(path: string): AccountState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return stateSchema.parse(JSON.parse(text));
}

/** Replaces the file in one step, so that a kill leaves the old state or the new one. */
export function writeState(path: string, state: AccountState): void {
  const next = `${path}.next`;
  writeFileSync(next, JSON.stringify(state), { mode: 0o600 });
  renameSync(next, path);
}
