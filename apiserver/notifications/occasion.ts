import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import type { NotificationEvent } from '#crds/tenant/call-handling.ts';
import type { PoolClient } from '../database/database.ts';

/** Something that a tenant may want to be told of. `key` makes it one and the same, however often it is noted. */
export interface Occasion {
  readonly tenantID: string;
  readonly event: NotificationEvent;
  readonly key: string;
  readonly callID?: string;
  readonly limit?: MonthlyLimit;
}

/** A limit of a month as it was when it was met. */
export interface MonthlyLimit {
  readonly name: 'callsPerMonth' | 'minutesPerMonth' | 'apiRequestsPerMonth';
  readonly allowed: number;
  /** UTC, YYYY-MM. */
  readonly month: string;
}

/** What accepted events of the ledger are an occasion for, once their rows are written. Limits apart. */
export async function occasionsOf(client: PoolClient, events: readonly LedgerEvent[]): Promise<Occasion[]> {
  const ends = events.filter(({ kind }) => kind === 'ended');
  const messages = events.filter((event) => event.kind === 'recording' && event.purpose === 'Voicemail');
  const leads = events.filter(({ kind }) => kind === 'lead' || kind === 'ended');
  return [
    ...ends.map((event) => occasionOf('CallEnded', event)),
    ...messages.map((event) => occasionOf('MessageLeft', event)),
    ...(await capturedLeads(client, leads)),
  ];
}

function occasionOf(
  event: NotificationEvent,
  { tenantID, callID }: Pick<LedgerEvent, 'tenantID' | 'callID'>,
): Occasion {
  return { tenantID, event, key: callID, callID };
}

/** A lead is told of once it is complete, or else when nothing more can come of it: the call is over. */
async function capturedLeads(client: PoolClient, events: readonly LedgerEvent[]): Promise<Occasion[]> {
  if (events.length === 0) return [];
  const { rows } = await client.query<{ tenant_id: string; call_id: string }>(
    `SELECT DISTINCT tenant_id, call_id FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, call_id)
       JOIN leads USING (tenant_id, call_id) JOIN calls USING (tenant_id, call_id)
      WHERE jsonb_array_length(fields) > 0 AND (complete OR ended_at IS NOT NULL)`,
    [events.map(({ tenantID }) => tenantID), events.map(({ callID }) => callID)],
  );
  return rows.map((row) => occasionOf('LeadCaptured', { tenantID: row.tenant_id, callID: row.call_id }));
}
