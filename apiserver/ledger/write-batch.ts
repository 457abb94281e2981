import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import type { Shard } from '#crds/projection/shard.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { sqlStateOf } from '../database/database-error.ts';
import { isOfPurged, readPurged } from '../tenants/purged-tenants.ts';
import { eventKey, type Judgement, judgeEntries, type KnownEvent } from './judge-entries.ts';
import { type NoteEvents, noteApart, type Unnoted } from './note-apart.ts';
import {
  isAccepted,
  isRejected,
  type LedgerEntry,
  parseEntry,
  type RejectedEntry,
  type StreamEntry,
} from './stream-entry.ts';
import { writeEvents } from './write-events.ts';

/** The cursor of a shard is not where this writer left it: another writes, too. */
export class CursorMoved extends OperatingError {
  constructor(shard: Shard) {
    super('ledger_cursor_moved', `The ledger of shard ${shard} was read on by another server.`, {
      retryable: true,
    });
  }
}

export interface BatchResult {
  readonly verdicts: Judgement['verdicts'];
  readonly rejected: readonly RejectedEntry[];
  /** Tenants who are not told of what was written. */
  readonly unnoted: readonly Unnoted[];
}

/**
 * Writes entries, in the order of their streams, into Postgres: rows, counters, notifications, rejects and
 * cursors in one transaction. `cursors` holds the last committed id of each shard in Postgres and is moved on.
 * An entry that Postgres refuses is found by halving the batch and set aside; nothing blocks the rest.
 * Throws CursorMoved and DatabaseUnavailable.
 */
export async function writeBatch(
  database: Database,
  entries: readonly StreamEntry[],
  cursors: Map<Shard, string>,
  note: NoteEvents,
): Promise<BatchResult> {
  if (entries.length === 0) return { verdicts: [], rejected: [], unnoted: [] };
  const parsed = entries.map(parseEntry);
  try {
    return await commit(database, parsed, cursors, note);
  } catch (error) {
    if (!isDataError(error)) throw error;
    const [first] = parsed;
    if (parsed.length === 1 && first) {
      const detail = `Postgres refused it: ${sqlStateOf(error)}`;
      return await commit(database, [{ ...bare(first), reason: 'Refused', detail }], cursors, note);
    }
    const middle = Math.ceil(entries.length / 2);
    const before = await writeBatch(database, entries.slice(0, middle), cursors, note);
    const after = await writeBatch(database, entries.slice(middle), cursors, note);
    return {
      verdicts: [...before.verdicts, ...after.verdicts],
      rejected: [...before.rejected, ...after.rejected],
      unnoted: [...before.unnoted, ...after.unnoted],
    };
  }
}

/** Class 22: a value that a column cannot hold; 23: a constraint; 54: more than Postgres can take. */
function isDataError(error: unknown): boolean {
  return /^(22|23|54)/.test(sqlStateOf(error) ?? '');
}

async function commit(
  database: Database,
  parsed: readonly (LedgerEntry | RejectedEntry)[],
  cursors: Map<Shard, string>,
  note: NoteEvents,
): Promise<BatchResult> {
  const moves = new Map(parsed.map((entry) => [entry.shard, entry.streamID]));
  const result = await database.transaction(async (client) => {
    await lockCursors(client, [...moves.keys()], cursors);
    const entries = parsed.filter(isAccepted);
    const purged = await readPurged(client, [...new Set(entries.map(({ event }) => event.tenantID))]);
    const isPurged = (event: LedgerEvent) => isOfPurged(purged, event);
    const judgement = judgeEntries(entries, await readKnown(client, entries), isPurged);
    await writeEvents(client, judgement.accepted);
    const events = judgement.accepted.map(({ event }) => event);
    const unnoted = await noteApart(client, events, note);
    const rejected = [...parsed.filter(isRejected), ...judgement.rejected];
    await writeRejects(client, rejected);
    await moveCursors(client, moves);
    return { verdicts: judgement.verdicts, rejected, unnoted };
  });
  for (const [shard, streamID] of moves) cursors.set(shard, streamID);
  return result;
}

/** Holds the shards' rows until the commit, so that two writers never interleave. */
async function lockCursors(
  client: PoolClient,
  shards: readonly Shard[],
  cursors: ReadonlyMap<Shard, string>,
): Promise<void> {
  await client.query(
    `INSERT INTO ledger_cursors (shard, last_id) SELECT shard, '0-0' FROM unnest($1::text[]) AS shard
       ORDER BY shard ON CONFLICT DO NOTHING`,
    [shards],
  );
  const { rows } = await client.query<{ shard: Shard; last_id: string }>(
    'SELECT shard, last_id FROM ledger_cursors WHERE shard = ANY($1) ORDER BY shard FOR UPDATE',
    [shards],
  );
  for (const row of rows) {
    if (row.last_id !== (cursors.get(row.shard) ?? '0-0')) throw new CursorMoved(row.shard);
  }
}

async function readKnown(
  client: PoolClient,
  entries: readonly { readonly event: LedgerEvent }[],
): Promise<ReadonlyMap<string, KnownEvent>> {
  const { rows } = await client.query<{
    tenant_id: string;
    event_id: string;
    revision: number;
    digest: string;
  }>(
    `SELECT e.tenant_id, e.event_id, e.revision, encode(e.digest, 'hex') AS digest
       FROM unnest($1::uuid[], $2::text[]) AS wanted (tenant_id, event_id)
       JOIN ledger_events e USING (tenant_id, event_id)`,
    [entries.map(({ event }) => event.tenantID), entries.map(({ event }) => event.id)],
  );
  return new Map(rows.map((row) => [eventKey(row.tenant_id, row.event_id), row]));
}

/** More of an entry than this is not kept: no event of ours is that long. */
const MAX_REJECT_CHARACTERS = 65_536;

async function writeRejects(client: PoolClient, rejected: readonly RejectedEntry[]): Promise<void> {
  if (rejected.length === 0) return;
  // Postgres cannot hold NUL in text, and a broken surrogate not in UTF-8.
  const clean = (text: string) => text.replaceAll('\0', '�').toWellFormed();
  await client.query(
    `INSERT INTO ledger_rejects (shard, stream_id, reason, detail, entry)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
     ON CONFLICT DO NOTHING`,
    [
      rejected.map((entry) => entry.shard),
      rejected.map((entry) => entry.streamID),
      rejected.map((entry) => entry.reason),
      rejected.map((entry) => clean(entry.detail).slice(0, 2_000)),
      rejected.map((entry) => clean(entry.text ?? '').slice(0, MAX_REJECT_CHARACTERS)),
    ],
  );
}

async function moveCursors(client: PoolClient, moves: ReadonlyMap<Shard, string>): Promise<void> {
  await client.query(
    `UPDATE ledger_cursors c SET last_id = m.last_id, updated_at = now()
       FROM unnest($1::text[], $2::text[]) AS m (shard, last_id) WHERE c.shard = m.shard`,
    [[...moves.keys()], [...moves.values()]],
  );
}

function bare({ shard, streamID, text }: StreamEntry): StreamEntry {
  return { shard, streamID, text };
}
