import { hkdfSync, randomBytes } from 'node:crypto';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { FIELD_MANAGER, LABELS } from './names.ts';

/** The Secret in the operator's namespace. Back it up: every generated secret is derived from it. */
const SECRET = 'veralux-keys';
const FIELD = 'master';
const MASTER_KEY_BYTES = 32;
/** 256 bits: as strong as the HMAC-SHA256 keys that derived secrets serve as. */
const DERIVED_BYTES = 32;

interface Secret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * The 32 bytes from which all generated secrets are derived: made once, by POST so that only one of
 * two racing operators makes it, and never made again while the Secret is there. A broken one stops
 * the operator: with another key every generated secret would change at once.
 */
export async function ensureMasterKey(
  client: Pick<KubeClient, 'get' | 'create'>,
  namespace: string,
): Promise<Uint8Array> {
  const ref = { name: SECRET, namespace };
  const found = await client.get<Secret>(SECRETS, ref);
  if (found !== undefined) return readKey(found);
  const created: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...ref, labels: { [LABELS.managedBy]: FIELD_MANAGER } },
    type: 'Opaque',
    data: { [FIELD]: randomBytes(MASTER_KEY_BYTES).toString('base64') },
  };
  try {
    return readKey(await client.create<Secret>(SECRETS, created, { fieldManager: FIELD_MANAGER }));
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    return ensureMasterKey(client, namespace);
  }
}

export interface DerivedSecret {
  /** What it is for, such as `tenant-webhook`: no two uses share a value. */
  readonly purpose: string;
  /** Whose it is, such as a tenant's id. */
  readonly subject: string;
  /** Counts rotations; the same generation always gives the same value. */
  readonly generation: number;
}

/**
 * A secret of 256 bits as base64url, 43 characters: HKDF-SHA256 (RFC 5869) of the master key, with the
 * three parts as its info. Nothing has to be remembered to make a lost one again.
 */
export function deriveSecret(masterKey: Uint8Array, { purpose, subject, generation }: DerivedSecret): string {
  const info = JSON.stringify([purpose, subject, generation]);
  return Buffer.from(hkdfSync('sha256', masterKey, '', info, DERIVED_BYTES)).toString('base64url');
}

function readKey(secret: Secret): Uint8Array {
  const key = Buffer.from(secret.data?.[FIELD] ?? '', 'base64');
  if (key.length === MASTER_KEY_BYTES) return key;
  throw new OperatingError(
    'master_key_broken',
    `The Secret ${SECRET} does not hold ${MASTER_KEY_BYTES} bytes under ${FIELD}. Restore it from a backup; do not delete it.`,
  );
}
