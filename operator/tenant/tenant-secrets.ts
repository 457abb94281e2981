import type { TenantStatus } from '#crds/tenant/tenant.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { deriveSecret } from '#operator/installation/master-key.ts';
import { ANNOTATIONS, TENANT_KEYS } from '#operator/installation/names.ts';
import type { MadeSecrets } from '#operator/world/made-secrets.ts';
import type { SharedSecret } from '#operator/world/secret-refusal.ts';
import { childMetadata, type DesiredChild, type TenantIdentity } from './tenant-children.ts';

/** The Secrets of a tenant's namespace, as the operator wants them. All pure. */

const DAY_MS = 86_400_000;

/** More than any two clocks that are set differ by. */
const CLOCKS_DIFFER_MS = DAY_MS / 24;

export interface RotationTime {
  readonly nowMs: number;
  readonly rotationDays: number;
}

export type SecretsStatus = NonNullable<TenantStatus['secrets']>;

/** What decides of which generation a tenant's secrets are to be. */
export interface SecretsKnown {
  /** Of the status; a restored Tenant has none. */
  readonly known: SecretsStatus | undefined;
  /** What the Secret that is there says of itself. */
  readonly made: MadeSecrets | undefined;
  /** The Tenant's annotation. */
  readonly request: string | undefined;
}

/**
 * Which generation of secrets is due: the next one when the annotation has a new value, or when this
 * one is `rotationDays` old and the pace allows it. Everything is derived from the number, so deciding twice
 * changes nothing. A date that is still to come was written by a clock that had jumped: it begins anew now.
 * It never falls behind what was made: those who verify with the newer one know nothing of an older.
 */
export function secretsDue(
  { known, made, request }: SecretsKnown,
  at: RotationTime & { readonly mayRotate: () => boolean },
): SecretsStatus {
  const rotatedAt = new Date(at.nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const isBehind = made !== undefined && made.generation > (known?.generation ?? 0);
  const present = isBehind ? { ...made, rotatedAt } : known;
  if (present === undefined) {
    // Asked for from the start: with neither status nor Secret this may be a tenant whose first was given up.
    return request === undefined
      ? { generation: 1, rotatedAt }
      : { generation: 2, rotatedAt, rotationRequest: request };
  }
  const isAsked = request !== undefined && request !== present.rotationRequest;
  if (!isAsked && isAhead(present, at)) return { ...present, rotatedAt };
  if (!isAsked && !(isOld(present, at) && at.mayRotate())) return present;
  const asked = request === undefined ? {} : { rotationRequest: request };
  return { ...present, generation: present.generation + 1, rotatedAt, ...asked };
}

/** Whether the schedule alone wants the next generation. */
export function isOld(known: SecretsStatus, at: RotationTime): boolean {
  return at.nowMs - Date.parse(known.rotatedAt) >= at.rotationDays * DAY_MS;
}

/** Whether its date is still to come, by more than clocks differ. */
export function isAhead(known: SecretsStatus, { nowMs }: Pick<RotationTime, 'nowMs'>): boolean {
  return Date.parse(known.rotatedAt) - nowMs > CLOCKS_DIFFER_MS;
}

/**
 * The keys that are the tenant's alone. The previous one is there so that who verifies with them can
 * take both while a new generation spreads.
 */
export function tenantKeys(
  tenant: TenantIdentity,
  masterKey: Uint8Array,
  { generation, rotationRequest }: MadeSecrets,
): DesiredChild {
  const webhook = (of: number) =>
    base64(deriveSecret(masterKey, { purpose: 'tenant-webhook', subject: tenant.id, generation: of }));
  const annotations = {
    [ANNOTATIONS.secretsGeneration]: String(generation),
    ...(rotationRequest === undefined ? {} : { [ANNOTATIONS.rotateSecrets]: rotationRequest }),
  };
  return {
    resource: SECRETS,
    object: {
      metadata: { ...childMetadata(tenant, TENANT_KEYS), annotations },
      type: 'Opaque',
      data: { webhookSecret: webhook(generation), previousWebhookSecret: webhook(generation - 1) },
    },
  };
}

/** A shared Secret as the tenant's namespace has it: same name, type and data, and our labels. */
export function copyOf(tenant: TenantIdentity, source: SharedSecret): DesiredChild {
  const { type = 'Opaque', data = {} } = source;
  return {
    resource: SECRETS,
    object: { metadata: childMetadata(tenant, source.metadata.name), type, data },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
