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
  /** From spec on; `[]` goes through all entries of a list. */
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
    { path: 'limits.transferCountries', unless: [] },
    { path: 'assistant.voice.engine', unless: [] },
    { path: 'knowledgeFrom', unless: [[]] },
    // Their tokens do not reach the runtime, which refuses to call them without.
    { path: 'tools[].secretRef', unless: [] },
    { path: 'recording.retentionDays', unless: [30] },
    { path: 'transcripts.retentionDays', unless: [90] },
    { path: 'notifications', unless: [] },
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

/**
 * The fields of `spec` that ask for something this release does not do, such as
 * `spec.workflows[intake].onComplete.action`; empty when all that the spec says is served.
 */
export function unservedFields<K extends keyof SpecOf>(kind: K, spec: SpecOf[K]): string[] {
  const rows = UNSERVED[kind].filter(({ where = {} }) =>
    Object.entries(where).every(([field, value]) => spec[field as keyof typeof spec] === value),
  );
  return rows.flatMap(({ path, unless }) =>
    valuesAt(spec, path.split('.'), 'spec')
      .filter(({ value }) => value !== undefined && !unless.some((idle) => isDeepStrictEqual(value, idle)))
      .map(({ at }) => at),
  );
}

/** Every value that a path leads to, with the place it was found at. */
function valuesAt(from: unknown, path: readonly string[], at: string): { at: string; value: unknown }[] {
  const [step, ...rest] = path;
  if (step === undefined) return [{ at, value: from }];
  if (typeof from !== 'object' || from === null) return [];
  const name = step.replace('[]', '');
  const value = (from as Record<string, unknown>)[name];
  if (!step.endsWith('[]')) return valuesAt(value, rest, `${at}.${name}`);
  const entries = Array.isArray(value) ? (value as { name?: string }[]) : [];
  return entries.flatMap((entry, index) => valuesAt(entry, rest, `${at}.${name}[${entry.name ?? index}]`));
}
