/** A condition in the shape of metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number | undefined;
}

/** What a controller judges; when it changed is for `mergeConditions` to know. */
export type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The API server refuses longer ones. */
const MAX_MESSAGE = 32_768;

/**
 * The conditions after a judgement: those judged in the order given, then those of `before` that
 * were not judged. `lastTransitionTime` moves only when the status changes.
 */
export function mergeConditions(
  before: readonly Condition[],
  verdicts: readonly Verdict[],
  at: { readonly nowMs: number; readonly generation: number },
): readonly Condition[] {
  const known = new Map(before.map((condition) => [condition.type, condition]));
  const judged = verdicts.map((verdict): Condition => {
    const earlier = known.get(verdict.type);
    known.delete(verdict.type);
    return {
      ...verdict,
      message: verdict.message.slice(0, MAX_MESSAGE),
      observedGeneration: at.generation,
      lastTransitionTime:
        earlier?.status === verdict.status
          ? earlier.lastTransitionTime
          : new Date(at.nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
  });
  return [...judged, ...known.values()];
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}
