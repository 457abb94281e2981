import { z } from 'zod';

/**
 * What the ConfigMaps of `spec.knowledgeFrom` tell of a company: the value of `tenant-knowledge:{sNN}:<id>`. Readers
 * ignore fields they do not know.
 */
export const tenantKnowledgeSchema = z.object({
  schemaVersion: z.literal(1),
  tenantID: z.uuid(),
  articles: z.array(z.object({ title: z.string(), text: z.string() })).readonly(),
});

export type TenantKnowledge = z.output<typeof tenantKnowledgeSchema>;
