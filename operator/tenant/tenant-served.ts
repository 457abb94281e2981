import type { Tenant } from '#crds/tenant/tenant.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { servedVerdict, type UnservedField } from '#operator/world/served.ts';

/** What a Tenant's spec can say that no program acts on yet. */
const UNSERVED: readonly UnservedField<Tenant['spec']>[] = [
  { path: 'access', isSet: (spec) => spec.access.length > 0 },
  { path: 'knowledge', isSet: (spec) => spec.knowledge.length > 0 },
  { path: 'knowledgeFrom', isSet: (spec) => spec.knowledgeFrom.length > 0 },
  { path: 'tools', isSet: (spec) => spec.tools.length > 0 },
  { path: 'businessHours', isSet: (spec) => spec.businessHours !== undefined },
  { path: 'transferTargets', isSet: (spec) => spec.transferTargets.length > 0 },
  { path: 'callScreening', isSet: (spec) => spec.callScreening !== undefined },
  { path: 'recording.enabled', isSet: (spec) => spec.recording.enabled },
  { path: 'notifications', isSet: (spec) => spec.notifications !== undefined },
  { path: 'deletionPolicy: Purge', isSet: (spec) => spec.deletionPolicy === 'Purge' },
];

export function tenantServed(tenant: Tenant): Verdict {
  return servedVerdict(tenant.spec, UNSERVED);
}
