import { z } from 'zod';
import type { Kubectl } from '#hack/kubernetes/kubectl.ts';
import { eventually, WaitError } from './eventually.ts';

const conditionSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string(),
  message: z.string(),
  observedGeneration: z.number().optional(),
});

const objectSchema = z.object({
  metadata: z.object({ generation: z.number() }),
  status: z
    .object({
      conditions: z.array(conditionSchema).default([]),
    })
    .default({ conditions: [] }),
});

/** Which object, as kubectl's arguments: `['tenant/harbor-dental']`, `['pn/main', '--namespace=x']`. */
export type ObjectArguments = readonly string[];

/**
 * Waits until the object's condition Ready is True for its present spec. When the time is over, the error says what its
 * conditions tell instead.
 */
export async function waitReady(
  kubectl: Kubectl,
  object: ObjectArguments,
  timeoutMs = 60_000,
): Promise<void> {
  let told = 'it has no conditions: does the operator run?';
  try {
    await eventually(`${object[0]} to be Ready`, timeoutMs, async () => {
      const { metadata, status } = objectSchema.parse(
        JSON.parse(await kubectl(['get', ...object, '--output=json'])),
      );
      const lines = status.conditions.map((c) => `${c.type}=${c.status} (${c.reason}): ${c.message}`);
      if (lines.length > 0) told = lines.join('\n  ');
      const ready = status.conditions.find(({ type }) => type === 'Ready');
      const isOfNow = ready?.observedGeneration === metadata.generation;
      return (ready?.status === 'True' && isOfNow) || undefined;
    });
  } catch (error) {
    if (!(error instanceof WaitError)) throw error;
    throw new WaitError(`${error.message}\n  ${told}`, { cause: error });
  }
}
