import type { ReasonOf } from '#crds/conditions/reasons.ts';

/** Something that a Tenant refers to and that cannot be used; as a sentence that names the field. */
export interface Problem {
  readonly reason: ReasonOf<'ReferencesResolved'>;
  readonly message: string;
}
