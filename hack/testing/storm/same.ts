import { isDeepStrictEqual } from 'node:util';
import { conditionOf, type Shown } from '../operator-bench.ts';

/** A line that says what differs; none where nothing does. */
export function same(what: string, found: unknown, expected: unknown): string[] {
  if (isDeepStrictEqual(found, expected)) return [];
  return [`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`];
}

/** Whether the operator has said its last word on this generation, and does not hold it back as paused. */
export function settled(object: Shown): string[] {
  const { name, generation } = object.metadata;
  const seen = [
    object.status?.['observedGeneration'],
    ...(object.status?.conditions ?? []).map((one) => one.observedGeneration),
  ];
  return [
    ...(conditionOf(object, 'Paused')?.status === 'True' ? [`${object.kind} ${name} is paused`] : []),
    ...(seen.every((one) => one === generation)
      ? []
      : [`${object.kind} ${name}: generations ${seen.join()} of ${generation}`]),
  ];
}
