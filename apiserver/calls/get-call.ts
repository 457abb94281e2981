import { z } from 'zod';
import type { TurnStages } from '#crds/ledger/ledger-event.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { CallRecording } from '../ledger/call-changes.ts';
import { type CallDetail, callDetailSchema } from './call-schemas.ts';
import { eventsOf, timingsOf } from './call-timeline.ts';
import { CALL_COLUMNS, type CallRow, summaryOf } from './list-calls.ts';
import { type LeadRow, leadOf, SELECT_LEADS } from './list-leads.ts';

interface DetailRow extends CallRow {
  readonly runtime: string | null;
  readonly carrier_call_id: string | null;
  readonly carrier_cause: string | null;
  readonly recording: CallRecording | null;
}

/** `GET /api/admin/calls/{callID}`: one call with what was said, the lead and what it used. */
export function getCallRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/calls/{callID}',
    operationID: 'readCall',
    summary: 'Read one call with its transcript, lead and usage.',
    access: inTenant('Viewer', { scope: 'calls:read', needsReason: true }),
    params: z.strictObject({ callID: z.uuid() }),
    replies: { 200: { description: 'The call.', schema: callDetailSchema } },
    problems: ['not_found'],
    handle: async ({ params, principal }) => {
      const body = await database.readAsTenant(principal.tenant.id, (client) =>
        readCall(client, principal.tenant.id, params.callID),
      );
      if (!body) throw new ApiError('not_found', 'There is no call with this id.');
      return { status: 200, body } as const;
    },
  });
}

async function readCall(
  client: PoolClient,
  tenantID: string,
  callID: string,
): Promise<CallDetail | undefined> {
  const key = [tenantID, callID];
  const calls = await client.query<DetailRow>(
    `SELECT ${CALL_COLUMNS}, c.runtime, c.carrier_call_id, c.carrier_cause, c.recording
       FROM calls c WHERE c.tenant_id = $1 AND c.call_id = $2`,
    key,
  );
  const row = calls.rows[0];
  if (!row) return undefined;
  const leads = await client.query<LeadRow>(`${SELECT_LEADS} AND l.call_id = $2`, key);
  const lead = leads.rows[0] ? leadOf(leads.rows[0]) : null;
  const summary = summaryOf(row);
  const transcript = await readTranscript(client, key);
  return {
    ...summary,
    runtime: row.runtime,
    carrierCallID: row.carrier_call_id,
    carrierCause: row.carrier_cause,
    transcript,
    events: eventsOf({ ...summary, capturedAt: lead?.capturedAt, recordedAt: row.recording?.startedAt }),
    timings: timingsOf(summary, transcript),
    lead,
    recording: row.recording && recordingOf(row.recording),
    usage: await readUsage(client, key),
  };
}

/** Under which id the carrier has the sound is nobody's business. */
function recordingOf({ purpose, startedAt, durationMs }: CallRecording): CallDetail['recording'] {
  return { purpose, startedAt, durationMs };
}

async function readTranscript(client: PoolClient, key: readonly string[]): Promise<CallDetail['transcript']> {
  const { rows } = await client.query<{
    turn_index: number;
    speaker: 'Agent' | 'Caller';
    text: string;
    started_at_ms: string;
    ended_at_ms: string;
    interrupted: boolean;
    stages: TurnStages | null;
  }>(
    `SELECT turn_index, speaker, text, started_at_ms, ended_at_ms, interrupted, stages
       FROM call_turns WHERE tenant_id = $1 AND call_id = $2 ORDER BY turn_index`,
    [...key],
  );
  return rows.map((turn) => ({
    index: turn.turn_index,
    speaker: turn.speaker,
    text: turn.text,
    startedAtMs: Number(turn.started_at_ms),
    endedAtMs: Number(turn.ended_at_ms),
    interrupted: turn.interrupted,
    stages: turn.stages,
  }));
}

async function readUsage(client: PoolClient, key: readonly string[]): Promise<CallDetail['usage']> {
  const { rows } = await client.query<{ metric: string; quantity: string; month: string }>(
    'SELECT metric, quantity, month FROM usage_events WHERE tenant_id = $1 AND call_id = $2',
    [...key],
  );
  const month = rows[0]?.month;
  if (month === undefined) return null;
  const quantity = (metric: string) => Number(rows.find((row) => row.metric === metric)?.quantity ?? 0);
  return {
    month,
    callSeconds: quantity('call_seconds'),
    sttSeconds: quantity('stt_seconds'),
    ttsCharacters: quantity('tts_characters'),
  };
}
