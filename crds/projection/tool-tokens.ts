import { z } from 'zod';

/**
 * The tokens of a tenant's tools: the value of `tenant-tools:{sNN}:<id>`. A tool with a secretRef that is not
 * among them cannot be called. Readers ignore fields they do not know.
 */
export const toolTokensSchema = z.object({
  schemaVersion: z.literal(1),
  tenantID: z.uuid(),
  tokens: z.record(z.string(), z.string()).describe('By the name of the tool: as `sealToken` makes it.'),
});

export type ToolTokens = z.output<typeof toolTokensSchema>;
