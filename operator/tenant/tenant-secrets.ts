import type { TenantStatus } from '#crds/tenant/tenant.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { deriveSecret } from '#operator/installation/master-key.ts';
import { TENANT_KEYS } from '#operator/installation/names.ts';
import type { SharedSecret } from '#operator/world/secret-refusal.ts';
import { childMetadata, type DesiredChild, type TenantIdentity } from './tenant-children.ts';

/** The Secrets of a tenant's namespace, as the operator wants them. All pure. */

const DAY_MS = 86_400_000;

export type SecretsStatus = NonNullable<TenantStatus['secrets']>;

/**
 * Which generation of secrets is due: the next one when the annotation has a new value, or when this
 * one is `rotationDays` old. Everything is derived from the number, so deciding twice changes nothing.
 */
export function secretsDue(
  known: SecretsStatus | undefined,
  request: string | undefined,
  at: { readonly nowMs: number; readonly rotationDays: number },
): SecretsStatus {
  const asked = request === undefined ? {} : { rotationRequest: request };
  const rotatedAt = new Date(at.nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  if (known === undefined) return { generation: 1, rotatedAt, ...asked };
  const isAsked = request !== undefined && request !== known.rotationRequest;
  if (isAsked || isOld(known, at)) return { ...known, generation: known.generation + 1, rotatedAt, ...asked };
  return known;
}

/** Whether the schedule alone wants the next generation. */
export function isOld(
  known: SecretsStatus,
  at: { readonly nowMs: number; readonly rotationDays: number },
): boolean {
  return at.nowMs - Date.parse(known.rotatedAt) >= at.rotationDays * DAY_MS;
}

/**
 * The keys that are the tenant's alone. The previous one is there so that who verifies with them can
 * take both while a new generation spreads.
 */
export function tenantKeys(tenant: TenantIdentity, masterKey: Uint8Array, generation: number): DesiredChild {
  const webhook = (of: number) =>
    base64(deriveSecret(masterKey, { purpose: 'tenant-webhook', subject: tenant.id, generation: of }));
  return {
    resource: SECRETS,
    object: {
      metadata: childMetadata(tenant, TENANT_KEYS),
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
