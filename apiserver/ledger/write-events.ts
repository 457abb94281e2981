import { type LedgerEvent, revisionOf } from '#crds/ledger/ledger-event.ts';
import type { PoolClient } from '../database/database.ts';
import { callChanges } from './call-changes.ts';
import type { LedgerEntry } from './stream-entry.ts';
import { quantitiesOf, type UsageQuantity, usageDifference } from './usage-difference.ts';

/**
 * Writes accepted events in the transaction of `client`, one statement a table however many they
 * are. An event that was written before is replaced, and its counters change by the difference.
 */
export async function writeEvents(client: PoolClient, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const events = entries.map((entry) => entry.event);
  await insertUnknownTenants(client, events);
  await recordEvents(client, entries);
  await upsertCalls(client, events);
  await insertTurns(client, events);
  await upsertLeads(client, events);
  await upsertUsage(client, events);
}

type Kind<K extends LedgerEvent['kind']> = Extract<LedgerEvent, { kind: K }>;

function only<K extends LedgerEvent['kind']>(events: readonly LedgerEvent[], kind: K): Kind<K>[] {
  return events.filter((event): event is Kind<K> => event.kind === kind);
}

/** A call can be told of before its tenant's resource was seen: the row is filled in when it is. */
async function insertUnknownTenants(client: PoolClient, events: readonly LedgerEvent[]): Promise<void> {
  await client.query(
    `INSERT INTO tenants (tenant_id, source) SELECT id, 'Ledger' FROM unnest($1::uuid[]) AS id ORDER BY id
     ON CONFLICT DO NOTHING`,
    [[...new Set(events.map((event) => event.tenantID))]],
  );
}

async function recordEvents(client: PoolClient, entries: readonly LedgerEntry[]): Promise<void> {
  await client.query(
    `INSERT INTO ledger_events (tenant_id, event_id, kind, revision, digest)
     SELECT t, e, k, r, decode(d, 'hex')
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[]) AS x (t, e, k, r, d)
     ON CONFLICT (tenant_id, event_id) DO UPDATE SET revision = excluded.revision, digest = excluded.digest`,
    [
      entries.map(({ event }) => event.tenantID),
      entries.map(({ event }) => event.id),
      entries.map(({ event }) => event.kind),
      entries.map(({ event }) => revisionOf(event)),
      entries.map((entry) => entry.digest),
    ],
  );
}

async function upsertCalls(client: PoolClient, events: readonly LedgerEvent[]): Promise<void> {
  await client.query(
    `INSERT INTO calls AS c (tenant_id, call_id, from_number, to_number, runtime, carrier_call_id,
                             started_at, answered_at, ended_at, hangup_reason, carrier_cause, recording)
     SELECT tenant_id, call_id, from_number, to_number, runtime, carrier_call_id,
            started_at, answered_at, ended_at, hangup_reason, carrier_cause, recording
       FROM jsonb_to_recordset($1::jsonb) AS x (
         tenant_id uuid, call_id uuid, from_number text, to_number text, runtime text, carrier_call_id text,
         started_at timestamptz, answered_at timestamptz, ended_at timestamptz,
         hangup_reason text, carrier_cause text, recording jsonb)
     ON CONFLICT (tenant_id, call_id) DO UPDATE SET
       from_number = COALESCE(excluded.from_number, c.from_number),
       to_number = COALESCE(excluded.to_number, c.to_number),
       runtime = COALESCE(excluded.runtime, c.runtime),
       carrier_call_id = COALESCE(excluded.carrier_call_id, c.carrier_call_id),
       started_at = LEAST(excluded.started_at, c.started_at),
       answered_at = COALESCE(excluded.answered_at, c.answered_at),
       ended_at = COALESCE(excluded.ended_at, c.ended_at),
       hangup_reason = COALESCE(excluded.hangup_reason, c.hangup_reason),
       carrier_cause = CASE WHEN excluded.hangup_reason IS NULL THEN c.carrier_cause
                            ELSE excluded.carrier_cause END,
       recording = COALESCE(excluded.recording, c.recording)`,
    [JSON.stringify(callChanges(events))],
  );
}

async function insertTurns(client: PoolClient, events: readonly LedgerEvent[]): Promise<void> {
  const turns = only(events, 'turn');
  if (turns.length === 0) return;
  await client.query(
    `INSERT INTO call_turns (tenant_id, call_id, turn_index, speaker, text, started_at_ms, ended_at_ms, interrupted, stages)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bool[], $9::jsonb[])`,
    [
      turns.map((turn) => turn.tenantID),
      turns.map((turn) => turn.callID),
      turns.map((turn) => turn.index),
      turns.map((turn) => turn.speaker),
      turns.map((turn) => turn.text),
      turns.map((turn) => turn.startedAtMs),
      turns.map((turn) => turn.endedAtMs),
      turns.map((turn) => turn.interrupted),
      turns.map(({ stages }) => (stages ? JSON.stringify(stages) : null)),
    ],
  );
}

async function upsertLeads(client: PoolClient, events: readonly LedgerEvent[]): Promise<void> {
  const leads = only(events, 'lead');
  if (leads.length === 0) return;
  const rows = leads.map((lead) => ({
    tenant_id: lead.tenantID,
    call_id: lead.callID,
    workflow: lead.workflow,
    complete: lead.complete,
    fields: lead.fields,
    captured_at: lead.occurredAt,
  }));
  await client.query(
    `INSERT INTO leads (tenant_id, call_id, workflow, complete, fields, captured_at)
     SELECT * FROM jsonb_to_recordset($1::jsonb) AS x (
       tenant_id uuid, call_id uuid, workflow text, complete bool, fields jsonb, captured_at timestamptz)
     ON CONFLICT (tenant_id, call_id) DO UPDATE SET
       workflow = excluded.workflow, complete = excluded.complete, fields = excluded.fields,
       captured_at = excluded.captured_at`,
    [JSON.stringify(rows)],
  );
}

async function upsertUsage(client: PoolClient, events: readonly LedgerEvent[]): Promise<void> {
  const usages = only(events, 'usage');
  if (usages.length === 0) return;
  const before = await readUsage(client, usages);
  const now = usages.flatMap(quantitiesOf);
  const callOf = new Map(usages.map((usage) => [usage.id, usage]));
  const rows = now.map((quantity) => ({
    ...quantity,
    call_id: callOf.get(quantity.event_id)?.callID,
    occurred_at: callOf.get(quantity.event_id)?.occurredAt,
  }));
  await client.query(
    `INSERT INTO usage_events (tenant_id, source, event_id, metric, quantity, month, occurred_at, call_id)
     SELECT tenant_id, 'Runtime', event_id, metric, quantity, month, occurred_at, call_id
       FROM jsonb_to_recordset($1::jsonb) AS x (
         tenant_id uuid, event_id text, metric text, quantity bigint, month text,
         occurred_at timestamptz, call_id uuid)
     ON CONFLICT (tenant_id, source, event_id, metric) DO UPDATE SET
       quantity = excluded.quantity, month = excluded.month, occurred_at = excluded.occurred_at`,
    [JSON.stringify(rows)],
  );
  await client.query(
    `INSERT INTO usage_counters AS c (tenant_id, month, metric, quantity)
     SELECT tenant_id, month, metric, quantity FROM jsonb_to_recordset($1::jsonb) AS x (
       tenant_id uuid, month text, metric text, quantity bigint)
     ON CONFLICT (tenant_id, month, metric) DO UPDATE SET quantity = c.quantity + excluded.quantity`,
    [JSON.stringify(usageDifference(before, now))],
  );
}

async function readUsage(client: PoolClient, usages: readonly Kind<'usage'>[]): Promise<UsageQuantity[]> {
  const { rows } = await client.query<UsageQuantity & { quantity: string }>(
    `SELECT u.tenant_id, u.event_id, u.metric, u.quantity, u.month
       FROM unnest($1::uuid[], $2::text[]) AS wanted (tenant_id, event_id)
       JOIN usage_events u ON u.tenant_id = wanted.tenant_id AND u.source = 'Runtime'
                          AND u.event_id = wanted.event_id`,
    [usages.map((usage) => usage.tenantID), usages.map((usage) => usage.id)],
  );
  return rows.map((row) => ({ ...row, quantity: Number(row.quantity) }));
}
