import { phoneNumberKind } from '#crds/phone-number/phone-number-kind.ts';
import type { KindDefinition } from '#crds/schema/custom-resource.ts';
import { tenantKind } from '#crds/tenant/tenant-kind.ts';
import { voiceRuntimeKind } from '#crds/voice-runtime/voice-runtime-kind.ts';

/** The kinds, in the order in which people meet them. */
export const KINDS: readonly KindDefinition[] = [tenantKind, phoneNumberKind, voiceRuntimeKind];
