import { z } from 'zod';

/** Where a dialled number leads: the value of `did:<E.164>`. Readers ignore fields they do not know. */
export const didRecordSchema = z.object({
  schemaVersion: z.literal(1),
  number: z.string().describe('E.164.'),
  tenantID: z.uuid(),
  shard: z.string().describe('The shard of the tenant, s00–s63.'),
  workflow: z.string().describe('The name of the workflow that answers.'),
  runtime: z.string().describe('The VoiceRuntime that serves it, as namespace/name.'),
  providerNumberID: z.string().optional(),
  generation: z.number().int().describe('metadata.generation of the PhoneNumber it was made from.'),
});

export type DidRecord = z.output<typeof didRecordSchema>;
