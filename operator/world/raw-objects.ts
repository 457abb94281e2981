import type { PhoneNumberStatus } from '#crds/phone-number/phone-number.ts';
import type { TenantStatus } from '#crds/tenant/tenant.ts';
import type { VoiceRuntimeStatus } from '#crds/voice-runtime/voice-runtime.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';

/** An object of ours as it comes from the API server: its spec is parsed where it is used. */
export interface Raw<Status> extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>> | undefined;
  readonly status?: Status | undefined;
}

export type RawTenant = Raw<TenantStatus>;
export type RawPhoneNumber = Raw<PhoneNumberStatus>;
export type RawVoiceRuntime = Raw<VoiceRuntimeStatus>;

/** The record of a deleted Tenant's kept rows. */
export interface RetainedRecord extends KubeObject {
  readonly data?: { readonly tenantID?: string; readonly name?: string; readonly deletedAt?: string };
}
