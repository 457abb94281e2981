import { z } from 'zod';
import { namedList } from '../schema/lists.ts';

/** One condition, in the shape of metav1.Condition. */
const conditionSchema = z.object({
  type: z
    .string()
    .min(1)
    .max(316)
    .describe('What is judged, such as Ready. The reference lists all types with their reasons.'),
  status: z
    .enum(['True', 'False', 'Unknown'])
    .describe('Whether it holds: True, False, or Unknown where it could not be judged.'),
  observedGeneration: z
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The metadata.generation that was judged; smaller than the current one: not yet judged anew.'),
  lastTransitionTime: z.iso
    .datetime({ offset: true })
    .describe('When status last changed, as RFC 3339, such as 2026-11-23T10:00:00Z.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why, as one word from the documented list, for programs.'),
  message: z
    .string()
    .max(32_768)
    .describe('Why, as sentences for people, with what to do where something can be done.'),
});

export const conditionsSchema = namedList(conditionSchema, { keys: ['type'], max: 16 }).describe(
  'The state of the object as the operator last saw it, one entry a type.',
);
