import type { TenantSpec } from '#crds/tenant/tenant.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';

/** A Tenant as a GET of the API server gives it, managedFields included. */
export interface LiveTenant extends KubeObject {
  /** As it came: a newer release may have fields that ours does not know. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: { readonly tenantID?: string };
}

/** The parts of a spec that a tenant's people configure themselves, named as in the spec. */
export const PARTS = [
  'assistant',
  'businessHours',
  'busy',
  'callScreening',
  'contact',
  'displayName',
  'knowledge',
  'knowledgeFrom',
  'language',
  'notifications',
  'recording',
  'timeZone',
  'tools',
  'transcripts',
  'transferTargets',
  'workflows',
] as const satisfies readonly (keyof TenantSpec)[];

export type PartName = (typeof PARTS)[number];

/** New values of parts. A part that is there and undefined is to be absent. */
export type PartValues = { readonly [K in PartName]?: TenantSpec[K] | undefined };
