import { randomUUID } from 'node:crypto';
import type { Database } from '../database/database.ts';

/** A call as its rows are when the ledger was read. */
export interface TestCall {
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly from?: string;
  readonly reason?: string;
  /** What was said, in turns that the agent begins. */
  readonly said?: readonly string[];
  readonly lead?: {
    readonly workflow: string;
    readonly complete: boolean;
    readonly values: Readonly<Record<string, string>>;
  };
}

/** Adds a call as the ledger's writer would; `worker` is of the worker role. Resolves to its id. */
export async function addCall(worker: Database, tenantID: string, call: TestCall): Promise<string> {
  const callID = randomUUID();
  const { startedAt, endedAt = null, from = null, reason = null, said = [], lead } = call;
  await worker.transaction(async (client) => {
    await client.query(
      `INSERT INTO calls (tenant_id, call_id, from_number, to_number, started_at, answered_at, ended_at, hangup_reason)
       VALUES ($1, $2, $3, '+13125550100', $4, $4, $5, $6)`,
      [tenantID, callID, from, startedAt, endedAt, reason],
    );
    await client.query(
      `INSERT INTO call_turns (tenant_id, call_id, turn_index, speaker, text, started_at_ms, ended_at_ms, interrupted)
       SELECT $1, $2, n - 1, CASE n % 2 WHEN 1 THEN 'Agent' ELSE 'Caller' END, text, n * 1000, n * 1000 + 900, false
         FROM unnest($3::text[]) WITH ORDINALITY AS turn (text, n)`,
      [tenantID, callID, said],
    );
    if (!lead) return;
    const fields = Object.entries(lead.values).map(([name, value]) => ({
      name,
      label: name,
      value,
      spoken: value.toLowerCase(),
    }));
    await client.query(
      `INSERT INTO leads (tenant_id, call_id, workflow, complete, fields, captured_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [tenantID, callID, lead.workflow, lead.complete, JSON.stringify(fields), endedAt ?? startedAt],
    );
  });
  return callID;
}
