import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import type { PoolClient } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';

/** Notes, in the same transaction, what tenants are to be told of because of these accepted events. */
export type NoteEvents = (client: PoolClient, events: readonly LedgerEvent[]) => Promise<void>;

/** A tenant of whom nothing could be noted, and why. */
export interface Unnoted {
  readonly tenantID: string;
  readonly error: unknown;
}

/**
 * Notes all at once, or tenant by tenant where that fails, so that what cannot be told of keeps neither the ledger from
 * being written nor others from being told. Throws only where Postgres is away.
 */
export async function noteApart(
  client: PoolClient,
  events: readonly LedgerEvent[],
  note: NoteEvents,
): Promise<Unnoted[]> {
  if (events.length === 0) return [];
  const failure = await attempt(client, events, note);
  if (failure === undefined) return [];
  const unnoted: Unnoted[] = [];
  for (const [tenantID, theirs] of Map.groupBy(events, (event) => event.tenantID)) {
    const theirFailure = await attempt(client, theirs, note);
    if (theirFailure !== undefined) unnoted.push({ tenantID, error: theirFailure.error });
  }
  return unnoted;
}

/** Undoes what it wrote where it fails, and says why it did. */
async function attempt(
  client: PoolClient,
  events: readonly LedgerEvent[],
  note: NoteEvents,
): Promise<{ readonly error: unknown } | undefined> {
  await client.query('SAVEPOINT noting');
  try {
    await note(client, events);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT noting');
    return { error };
  }
  await client.query('RELEASE SAVEPOINT noting');
  return undefined;
}
