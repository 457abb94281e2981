import { type Conflict, ManagedElsewhere } from './configuration-error.ts';
import { changedFields, type FieldPath, fieldsOf, isWithin, ownedPart, readable } from './field-paths.ts';
import { isRecord, TENANT_SHAPE } from './field-shape.ts';
import { configFields, type HandOver, handOverOf, othersOf } from './hand-over.ts';
import type { LiveTenant, PartValues } from './live-tenant.ts';
import { claimOf } from './managed-fields.ts';

export interface PlannedWrite {
  /** Who owns what, to be written first; undefined where nothing is taken over. */
  readonly handOver: HandOver | undefined;
  /** The manager's full set: all of the spec that it owns after this. */
  readonly spec: Readonly<Record<string, unknown>>;
  /**
   * Parts that are to go and that the apply leaves there: of an empty list nobody is noted as its owner, so
   * no apply takes away what has nothing else in it.
   */
  readonly remains: readonly string[];
}

interface Claim {
  readonly manager: string;
  has(path: FieldPath): boolean;
}

/**
 * What to apply so that these parts of a live Tenant become these values and all else stays. Throws
 * ManagedElsewhere where that would change a field that another lasting manager claims.
 */
export function planWrite(live: LiveTenant, parts: PartValues): PlannedWrite {
  const wanted: Record<string, unknown> = { ...live.spec, ...parts };
  const claims = othersOf(live).map((entry) => ({
    manager: entry.manager ?? 'an unnamed manager',
    has: claimOf(entry, live),
  }));
  assertUnclaimed(claims, changedFields(TENANT_SHAPE, live.spec, wanted));
  const isWritten = (path: FieldPath) => Object.keys(parts).some((part) => isWithin(path, `f:${part}`));
  const isOurs = (path: FieldPath) => isWritten(path) && !claims.some((claim) => claim.has(path));
  const kept = [...configFields(live)].filter((path) => !isWritten(path));
  const stated = fieldsOf(TENANT_SHAPE, wanted)
    .filter(({ path, isLeaf }) => isLeaf && isOurs(path))
    .map(({ path }) => path);
  const spec = ownedPart(TENANT_SHAPE, wanted, new Set([...kept, ...stated])) ?? {};
  return {
    handOver: handOverOf(live, isOurs),
    spec: spec as Record<string, unknown>,
    remains: Object.keys(parts).filter((part) => wanted[part] === undefined && isHollow(live.spec[part])),
  };
}

/** Whether it is an object with nothing in it but empty lists. */
function isHollow(part: unknown): boolean {
  return isRecord(part) && Object.values(part).every((value) => Array.isArray(value) && value.length === 0);
}

function assertUnclaimed(claims: readonly Claim[], changed: readonly FieldPath[]): void {
  const conflicts = claims.flatMap((claim): Conflict[] =>
    changed
      .filter((path) => claim.has(path))
      .map((path) => ({ manager: claim.manager, field: readable(path) })),
  );
  if (conflicts.length > 0) throw new ManagedElsewhere(conflicts);
}
