import { LedgerWriter } from '#apiserver/ledger/ledger-writer.ts';
import { isRejected, type LedgerEntry, parseEntry } from '#apiserver/ledger/stream-entry.ts';
import { noOutbox } from '#apiserver/testing/no-outbox.ts';
import type { MigratedDatabase } from '#apiserver/testing/test-database.ts';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { disconnectRedis, openRedis, type Redis } from '#lib/redis/connect-redis.ts';
import type { StormLedger } from './storm-ledger.ts';

/** Above the time for which the writer's reads wait. */
const COMMAND_TIMEOUT_MS = 5_000;

interface Row {
  readonly tenant_id: string;
  readonly call_id: string;
  readonly from_number: string | null;
  readonly to_number: string | null;
  readonly runtime: string | null;
  readonly carrier_call_id: string | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly hangup_reason: string | null;
  readonly month: string | null;
  readonly usage: Readonly<Record<string, number>> | null;
  readonly workflow: string | null;
  readonly complete: boolean | null;
  readonly fields: readonly object[] | null;
}

/** The API server's own ledger writer, and what is in Postgres then, told again as ledger events. */
export class PostgresLedger implements StormLedger {
  readonly #database: MigratedDatabase;
  readonly #redis: Redis;
  readonly #writer: LedgerWriter;
  #forgotten: ReadonlySet<string> = new Set();
  #entries: readonly LedgerEntry[] = [];
  #rejects: readonly string[] = [];
  #rejectsBefore = 0;

  constructor(redisURL: string, database: MigratedDatabase) {
    this.#database = database;
    this.#redis = openRedis({
      url: redisURL,
      name: 'ledger writer',
      log: silentLogger,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
    });
    this.#writer = new LedgerWriter({
      redis: this.#redis,
      database: database.worker,
      databaseURL: database.workerURL,
      outbox: noOutbox,
      registry: createRegistry('storm'),
      clock: systemClock,
      log: silentLogger,
    });
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  get rejected(): readonly string[] {
    return this.#rejects.slice(this.#rejectsBefore);
  }

  async start(): Promise<void> {
    await this.#writer.start((error) => {
      throw error;
    });
  }

  async refresh(): Promise<void> {
    const rows = await this.#database.worker.query<Row>(
      `SELECT c.*, l.workflow, l.complete, l.fields, u.month, u.usage
         FROM calls c
         LEFT JOIN leads l USING (tenant_id, call_id)
         LEFT JOIN (SELECT tenant_id, call_id, min(month) AS month, jsonb_object_agg(metric, quantity) AS usage
                      FROM usage_events WHERE call_id IS NOT NULL GROUP BY tenant_id, call_id) u
           USING (tenant_id, call_id)`,
    );
    this.#entries = rows.filter(({ call_id }) => !this.#forgotten.has(call_id)).flatMap(entriesOf);
    const rejects = await this.#database.worker.query<{ reason: string; detail: string }>(
      'SELECT reason, detail FROM ledger_rejects ORDER BY rejected_at',
    );
    this.#rejects = rejects.map(({ reason, detail }) => `${reason}: ${detail}`);
  }

  forget(): void {
    this.#forgotten = new Set([...this.#forgotten, ...this.#entries.map(({ event }) => event.callID)]);
    this.#rejectsBefore = this.#rejects.length;
    this.#entries = [];
  }

  async stop(): Promise<void> {
    await this.#writer.stop();
    await disconnectRedis(this.#redis);
  }
}

/** The events that would have made a call's rows. */
function entriesOf(row: Row): LedgerEntry[] {
  const { tenant_id: tenantID, call_id: callID, usage } = row;
  const common = (kind: LedgerEvent['kind'], at: Date | null) => ({
    schemaVersion: 1,
    id: `${callID}/${kind}`,
    kind,
    tenantID,
    callID,
    occurredAt: (at ?? row.started_at).toISOString(),
  });
  const events = [
    row.from_number !== null && {
      ...common('started', row.started_at),
      from: row.from_number,
      to: row.to_number,
      runtime: row.runtime,
      carrierCallID: row.carrier_call_id,
    },
    row.ended_at !== null && { ...common('ended', row.ended_at), revision: 0, reason: row.hangup_reason },
    usage !== null && {
      ...common('usage', row.ended_at),
      revision: 0,
      month: row.month,
      calls: usage['call_count'],
      callSeconds: usage['call_seconds'],
      sttSeconds: usage['stt_seconds'],
      ttsCharacters: usage['tts_characters'],
    },
    row.fields !== null && {
      ...common('lead', row.ended_at),
      revision: 0,
      workflow: row.workflow,
      complete: row.complete,
      fields: row.fields,
    },
  ];
  return events
    .filter((event) => event !== false)
    .map((event) => {
      const text = JSON.stringify(event);
      const entry = parseEntry({ shard: shardOf(tenantID), streamID: '0-0', text });
      if (isRejected(entry)) throw new Error(`Postgres holds what was no event: ${entry.detail}`);
      return entry;
    });
}
