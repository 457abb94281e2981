import { z } from 'zod';
import { type EffectiveLimits, effectiveLimits } from '#crds/plans/plans.ts';
import type { Notifications } from '#crds/tenant/call-handling.ts';
import { ADOPT_DATA_ANNOTATION } from '#crds/tenant/kept-data.ts';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';

/** What the server keeps of a Tenant in memory: no more than its row needs. */
export interface ObservedTenant extends KubeObject {
  /**
   * The id that the operator gave it, which stands in the status alone: `spec.tenantID` is only what somebody
   * asked for, also in a copy that is refused because another Tenant has that id.
   */
  readonly tenantID?: string;
  /** Undefined until the operator has put the id into the status, and for what this release cannot read. */
  readonly row?: ObservedRow;
  /** What is to become of its rows; only while it is being deleted. */
  readonly deletion?: 'Retain' | 'Purge';
  /** Whether it is to take up the rows that a deleted Tenant of its id left behind. */
  readonly adopts?: boolean;
}

/** The columns of `tenants` that are observed, named as they are there. */
export interface ObservedRow {
  readonly tenant_id: string;
  readonly name: string;
  readonly display_name: string;
  readonly contact_name: string | null;
  readonly contact_email: string | null;
  readonly plan: string;
  readonly limits: EffectiveLimits;
  readonly transcript_days: number;
  readonly recording_days: number;
  readonly notifications: Notifications | null;
  readonly observed_generation: number;
}

/** Reduces a Tenant to what its row and the end of its rows need. */
export function observeTenant(object: KubeObject): ObservedTenant {
  const { apiVersion, kind, metadata } = object;
  const { name, uid, resourceVersion, generation, deletionTimestamp, finalizers, annotations } = metadata;
  const row = rowOf(object);
  const tenantID = heldIDSchema.safeParse(object).data?.status.tenantID;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      uid,
      resourceVersion,
      generation,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp, finalizers }),
    },
    ...(tenantID === undefined ? {} : { tenantID }),
    ...(row === undefined ? {} : { row }),
    ...(deletionTimestamp === undefined ? {} : { deletion: deletionOf(object) }),
    ...(annotations?.[ADOPT_DATA_ANNOTATION] === 'true' ? { adopts: true } : {}),
  };
}

/** As far as it can be read, also from a Tenant that this release cannot parse: its end must not wait for that. */
function deletionOf(object: KubeObject): 'Retain' | 'Purge' {
  // What cannot be read is kept: a purge has to be asked for in so many words.
  return endingSchema.safeParse(object).data?.spec.deletionPolicy ?? 'Retain';
}

const endingSchema = z.object({ spec: z.object({ deletionPolicy: z.enum(['Retain', 'Purge']) }) });
const heldIDSchema = z.object({ status: z.object({ tenantID: z.uuid() }) });

function rowOf(object: KubeObject): ObservedRow | undefined {
  const parsed = tenantSchema.safeParse(object);
  if (!parsed.success || parsed.data.status?.tenantID === undefined) return undefined;
  const { metadata, spec, status } = parsed.data;
  return {
    tenant_id: status.tenantID ?? '',
    name: metadata.name,
    display_name: spec.displayName,
    contact_name: spec.contact?.name ?? null,
    contact_email: spec.contact?.email ?? null,
    plan: spec.plan,
    limits: effectiveLimits(spec),
    transcript_days: spec.transcripts.retentionDays,
    recording_days: spec.recording.retentionDays,
    notifications: spec.notifications ?? null,
    observed_generation: metadata.generation ?? 0,
  };
}
