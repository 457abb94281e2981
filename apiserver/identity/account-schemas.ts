import { z } from 'zod';

/** The shapes in which people and their tenants appear in replies. */
export const userSchema = z.strictObject({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
});

export const tenantSchema = z.strictObject({
  id: z.uuid().describe('What rows, usage and billing are kept under: spec.tenantID of the Tenant resource.'),
  name: z.string().nullable().describe('The name of the Tenant resource.'),
  displayName: z.string().nullable(),
  plan: z.string().nullable().describe('Null until the resource has been seen.'),
  role: z.enum(['Owner', 'Admin', 'Viewer']).describe('What the person is in this tenant.'),
});

export const tokenSchema = z
  .string()
  .describe('Access token for `Authorization: Bearer`, valid for one hour and this tenant.');

/** Free text of people: trimmed, 1 to 100 characters, no control characters. */
export const displayTextSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode');
