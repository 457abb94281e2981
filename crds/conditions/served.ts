import { isDeepStrictEqual } from 'node:util';
import type { PhoneNumberSpec } from '../phone-number/phone-number.ts';
import type { TenantSpec } from '../tenant/tenant.ts';
import type { VoiceRuntimeSpec } from '../voice-runtime/voice-runtime.ts';

/**
 * What specs may say and this release does not act on. The operator names such fields in the
 * condition Served, so that nothing is silently ignored. A room that begins to serve a field removes
 * its row here; when the table is empty, everything is served.
 */
export interface SpecOf {
  readonly Tenant: TenantSpec;
  readonly PhoneNumber: PhoneNumberSpec;
  readonly VoiceRuntime: VoiceRuntimeSpec;
}

interface UnservedField {
  /** From spec on. */
  readonly path: string;
  /** The values under which nothing more is asked for than is done. An absent field never asks. */
  readonly unless: readonly unknown[];
  /** Only where the spec has these fields. */
  readonly where?: Readonly<Record<string, unknown>>;
}

const SPOKEN_LANGUAGES: readonly string[] = [
  'en en-US en-GB en-AU en-CA en-IE en-NZ en-ZA en-IN',
  'es es-ES es-MX es-US es-AR es-CO es-CL es-PE es-419',
  'fr fr-FR fr-CA fr-BE fr-CH',
  'de de-DE de-AT de-CH',
].flatMap((tags) => tags.split(' '));

export const UNSERVED: { readonly [K in keyof SpecOf]: readonly UnservedField[] } = {
  Tenant: [
    // Sentences of our own, and ears for answers, are there in these; callers hear English in all others.
    { path: 'language', unless: SPOKEN_LANGUAGES },
    { path: 'billing', unless: ['Manual'] },
    { path: 'limits.apiRequestsPerMonth', unless: [] },
  ],
  PhoneNumber: [],
  VoiceRuntime: [
    // A process that runs elsewhere is started with its own number of these.
    { path: 'replicas', unless: [1], where: { mode: 'External' } },
    { path: 'callsPerReplica', unless: [50], where: { mode: 'External' } },
    { path: 'maxCallDurationSeconds', unless: [3_600], where: { mode: 'External' } },
    { path: 'image', unless: [], where: { mode: 'External' } },
    { path: 'resources', unless: [], where: { mode: 'External' } },
  ],
};

/** The fields of `spec` that ask for something this release does not do; empty when all that it says is served. */
export function unservedFields<K extends keyof SpecOf>(kind: K, spec: SpecOf[K]): string[] {
  const rows = UNSERVED[kind].filter(({ where = {} }) =>
    Object.entries(where).every(([field, value]) => spec[field as keyof typeof spec] === value),
  );
  return rows.flatMap(({ path, unless }) => {
    const value = valueAt(spec, path.split('.'));
    const asks = value !== undefined && !unless.some((idle) => isDeepStrictEqual(value, idle));
    return asks ? [`spec.${path}`] : [];
  });
}

function valueAt(from: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return from;
  if (typeof from !== 'object' || from === null) return undefined;
  return valueAt((from as Record<string, unknown>)[step], rest);
}
