import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { openText, sealText } from '#lib/sealed/sealed-text.ts';
import type { Database } from '../database/database.ts';

interface SealedSecret {
  readonly tenant_id: string;
  readonly secret_id: string;
  readonly sealed: string;
  readonly key_id: string;
}

/**
 * Seals the secrets that webhooks are signed with, under a key made of JWT_SECRET: they have to be known to sign, and
 * must not be read from a copy of the database. While that secret is replaced, both open.
 */
export class SecretBox {
  readonly #keys: readonly { readonly id: string; readonly secret: string }[];

  /** The first seals. */
  constructor(secrets: readonly [string, ...string[]]) {
    this.#keys = secrets.map((secret) => ({
      id: createHash('sha256').update(`webhook secrets: ${secret}`).digest('hex').slice(0, 12),
      secret,
    }));
  }

  /** Names the key that seals now. */
  get keyID(): string {
    return this.#keys[0]?.id ?? '';
  }

  seal(tenantID: string, secretID: string, text: string): SealedSecret {
    const { id = '', secret = '' } = this.#keys[0] ?? {};
    const sealed = sealText(sealedFor(secret, tenantID, secretID), text);
    return { tenant_id: tenantID, secret_id: secretID, sealed, key_id: id };
  }

  /** Undefined where its key is not among those that are set. */
  open({
    tenant_id: tenantID,
    secret_id: secretID,
    sealed,
    key_id: keyID,
  }: SealedSecret): string | undefined {
    const key = this.#keys.find(({ id }) => id === keyID);
    return key && openText(sealedFor(key.secret, tenantID, secretID), sealed);
  }
}

function sealedFor(secret: string, tenantID: string, secretID: string) {
  return { secret, purpose: 'veralux webhook secret', owner: [tenantID, secretID] };
}

/** In the form of Standard Webhooks, with 256 random bits. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/**
 * The secrets to sign a tenant's webhook with, the latest first. The first webhook of a tenant that never had one made
 * is signed, too: by one that nobody has seen, until they have theirs made. As the worker role.
 */
export async function signingSecrets(
  database: Database,
  box: SecretBox,
  tenantID: string,
): Promise<string[]> {
  const found = await readSecrets(database, tenantID);
  if (found.some(({ ends_at }) => ends_at === null)) return opened(box, found);
  const first = box.seal(tenantID, randomUUID(), newWebhookSecret());
  // Behind who makes one for the tenant just now.
  await database.query(
    `INSERT INTO webhook_secrets (tenant_id, secret_id, sealed, key_id)
     SELECT tenant_id, $2, $3, $4
       FROM (SELECT tenant_id FROM tenants WHERE tenant_id = $1 FOR NO KEY UPDATE) AS held
     ON CONFLICT DO NOTHING`,
    [tenantID, first.secret_id, first.sealed, first.key_id],
  );
  return opened(box, await readSecrets(database, tenantID));
}

function readSecrets(
  database: Database,
  tenantID: string,
): Promise<(SealedSecret & { readonly ends_at: Date | null })[]> {
  return database.query(
    `SELECT tenant_id, secret_id, sealed, key_id, ends_at FROM webhook_secrets
      WHERE tenant_id = $1 AND (ends_at IS NULL OR ends_at > now()) ORDER BY created_at DESC`,
    [tenantID],
  );
}

function opened(box: SecretBox, secrets: readonly SealedSecret[]): string[] {
  return secrets.flatMap((secret) => box.open(secret) ?? []);
}

const BATCH_ROWS = 500;

/**
 * Seals anew what was sealed under a secret that is being replaced, so that the old one can be taken away. At the start
 * of a server; several may do it at once. As the worker role. Throws DatabaseUnavailable.
 */
export async function resealSecrets(database: Database, box: SecretBox): Promise<void> {
  let after: SealedSecret | undefined;
  do {
    const rows: SealedSecret[] = await database.query<SealedSecret>(
      `SELECT tenant_id, secret_id, sealed, key_id FROM webhook_secrets
        WHERE key_id <> $1 AND ($2::uuid IS NULL OR (tenant_id, secret_id) > ($2::uuid, $3::uuid))
        ORDER BY tenant_id, secret_id LIMIT ${BATCH_ROWS}`,
      [box.keyID, after?.tenant_id ?? null, after?.secret_id ?? null],
    );
    await writeAnew(database, box, rows);
    after = rows.at(-1);
  } while (after !== undefined);
}

async function writeAnew(database: Database, box: SecretBox, rows: readonly SealedSecret[]): Promise<void> {
  const anew = rows.flatMap((row) => {
    const text = box.open(row);
    return text === undefined ? [] : [{ ...box.seal(row.tenant_id, row.secret_id, text), was: row.sealed }];
  });
  if (anew.length === 0) return;
  await database.query(
    `UPDATE webhook_secrets s SET sealed = x.sealed, key_id = x.key_id
       FROM jsonb_to_recordset($1::jsonb) AS x (tenant_id uuid, secret_id uuid, sealed text, key_id text, was text)
      WHERE s.tenant_id = x.tenant_id AND s.secret_id = x.secret_id AND s.sealed = x.was`,
    [JSON.stringify(anew)],
  );
}
