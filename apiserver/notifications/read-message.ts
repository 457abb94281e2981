import { CALL_COLUMNS, type CallRow, summaryOf } from '../calls/list-calls.ts';
import { type LeadRow, leadOf, SELECT_LEADS } from '../calls/list-leads.ts';
import type { Database } from '../database/database.ts';
import type { CallRecording } from '../ledger/call-changes.ts';
import type { Message } from './message.ts';
import type { MonthlyLimit } from './occasion.ts';
import type { PendingDelivery } from './pending-delivery.ts';

type About = Pick<PendingDelivery, 'tenantID' | 'event' | 'createdAt' | 'callID' | 'limit'>;

/**
 * What a notification says, as it is in Postgres now: a lead that was corrected meanwhile is sent as it is. Undefined
 * where there is nothing to say any more, as it was erased. As the worker role. Throws DatabaseUnavailable.
 */
export async function readMessage(database: Database, about: About): Promise<Message | undefined> {
  const { tenantID, event, createdAt: at, callID, limit } = about;
  if (limit !== null && (event === 'LimitNear' || event === 'LimitReached')) {
    return { event, at, data: { tenantID, usage: await readUsage(database, tenantID, limit) } };
  }
  const row = await readCall(database, tenantID, callID);
  if (row === undefined) return undefined;
  const call = summaryOf(row);
  if (event === 'CallEnded') return { event, at: row.ended_at ?? at, data: { tenantID, call } };
  if (event === 'MessageLeft') {
    if (row.recording === null) return undefined;
    const { startedAt, durationMs } = row.recording;
    return { event, at: new Date(startedAt), data: { tenantID, call, message: { durationMs } } };
  }
  const lead = await readLead(database, tenantID, callID);
  return (
    lead && { event: 'LeadCaptured', at: lead.captured_at, data: { tenantID, call, lead: leadOf(lead) } }
  );
}

async function readCall(database: Database, tenantID: string, callID: string | null) {
  const [row] = await database.query<CallRow & { readonly recording: CallRecording | null }>(
    `SELECT ${CALL_COLUMNS}, c.recording FROM calls c WHERE c.tenant_id = $1 AND c.call_id = $2`,
    [tenantID, callID],
  );
  return row;
}

async function readLead(
  database: Database,
  tenantID: string,
  callID: string | null,
): Promise<LeadRow | undefined> {
  const [row] = await database.query<LeadRow>(
    `${SELECT_LEADS} AND l.call_id = $2 AND jsonb_array_length(l.fields) > 0`,
    [tenantID, callID],
  );
  return row;
}

const METRICS = {
  callsPerMonth: 'call_count',
  minutesPerMonth: 'call_seconds',
  apiRequestsPerMonth: 'api_requests',
} as const satisfies Record<MonthlyLimit['name'], string>;

async function readUsage(database: Database, tenantID: string, { name, allowed, month }: MonthlyLimit) {
  const [row] = await database.query<{ quantity: string }>(
    'SELECT quantity FROM usage_counters WHERE tenant_id = $1 AND month = $2 AND metric = $3',
    [tenantID, month, METRICS[name]],
  );
  const quantity = Number(row?.quantity ?? 0);
  return {
    limit: name,
    allowed,
    used: name === 'minutesPerMonth' ? Math.ceil(quantity / 60) : quantity,
    month,
  };
}
