import { z } from 'zod';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Database } from '../database/database.ts';
import { applyErasures } from './erase-caller.ts';

const hex256 = z.string().regex(/^[0-9a-f]{64}$/);

/** An erasure as it is kept beside the backups: no number, and nothing of what was erased. */
const erasureLineSchema = z.strictObject({
  /** Of the key of the hashes: they are found in no database that has another. */
  keyFingerprint: hex256,
  tenantID: z.uuid(),
  erasureID: z.uuid(),
  hashes: z.array(hex256).max(2),
  lengths: z.array(z.number().int().min(6).max(15)).max(2),
  erasedUntil: z.iso.datetime(),
});
type ErasureLine = z.output<typeof erasureLineSchema>;

/** A line of a list of erasures is none. */
export class WrongErasureList extends OperatingError {
  constructor(line: number) {
    super('wrong_erasure_list', `Line ${line} is not an erasure.`);
  }
}

/** A list of erasures is another database's: nothing of it would be found in this one. */
export class OtherErasureKey extends OperatingError {
  constructor(line: number) {
    super(
      'other_erasure_key',
      `The erasure of line ${line} was made with another key than that of this database, in which it would find nothing. ` +
        'Restore a backup that has the key, the table erasure_key, or ask for the erasures anew.',
    );
  }
}

/** All erasures, one a line of JSON: to be kept where a restored database does not take them back. */
export async function listErasures(database: Database): Promise<string> {
  const rows = await database.query<{ line: ErasureLine }>(
    `SELECT jsonb_build_object(
              'keyFingerprint', erasure_key_fingerprint(), 'tenantID', tenant_id, 'erasureID', erasure_id, 'lengths', lengths,
              'hashes', ARRAY(SELECT encode(hash, 'hex') FROM unnest(hashes) AS hash),
              'erasedUntil', to_char(erased_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS line
       FROM erasures ORDER BY erased_until, erasure_id`,
  );
  return rows.map(({ line }) => JSON.stringify(line)).join('\n');
}

/**
 * Erases again, in a database that was restored, what was erased since its backup and before. Resolves to how many
 * erasures there are then; those of tenants that are not there are left out. Throws WrongErasureList, OtherErasureKey,
 * DatabaseUnavailable.
 */
export async function replayErasures(database: Database, list: string): Promise<number> {
  const lines = list
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, index)]));
  await assertOurKey(database, lines);
  const known = await database.query<{ tenant_id: string }>(
    `INSERT INTO erasures (tenant_id, erasure_id, hashes, lengths, erased_until)
     SELECT x."tenantID", x."erasureID", ARRAY(SELECT decode(hash, 'hex') FROM unnest(x.hashes) AS hash), x.lengths, x."erasedUntil"
       FROM jsonb_to_recordset($1::jsonb) AS x (
         "tenantID" uuid, "erasureID" uuid, hashes text[], lengths integer[], "erasedUntil" timestamptz)
       JOIN tenants t ON t.tenant_id = x."tenantID"
     ON CONFLICT (tenant_id, erasure_id) DO UPDATE SET completed_at = NULL
     RETURNING tenant_id`,
    [JSON.stringify(lines)],
  );
  for (const tenantID of new Set(known.map((row) => row.tenant_id))) {
    await applyErasures(database, tenantID);
    await database.query(
      'UPDATE erasures SET completed_at = now() WHERE tenant_id = $1 AND completed_at IS NULL',
      [tenantID],
    );
  }
  return known.length;
}

async function assertOurKey(database: Database, lines: readonly ErasureLine[]): Promise<void> {
  const [row] = await database.query<{ ours: string }>('SELECT erasure_key_fingerprint() AS ours');
  const other = lines.findIndex(({ keyFingerprint }) => keyFingerprint !== row?.ours);
  if (other >= 0) throw new OtherErasureKey(other + 1);
}

function parseLine(line: string, index: number): ErasureLine {
  try {
    return erasureLineSchema.parse(JSON.parse(line));
  } catch {
    // What JSON or the schema says of it would show the line.
    throw new WrongErasureList(index + 1);
  }
}
