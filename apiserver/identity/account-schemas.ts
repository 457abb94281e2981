import { z } from 'zod';
import { TENANT_ROLES } from './permissions.ts';

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
  role: z.enum(TENANT_ROLES).describe('What the person is in this tenant.'),
});

export const tokenSchema = z
  .string()
  .describe('Access token for `Authorization: Bearer`, good for 15 minutes and this tenant.')
  .meta({ examples: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl'] });

export const refreshTokenSchema = z
  .string()
  .max(1_000)
  .describe('Good once, for the next access token and the next of its kind. Keep it as a password.')
  .meta({ examples: ['vlr_9f2dYp0cV3Jk1wq7mXbT5rN8sLhG4uA6eZyQoCiKxEw'] });

export const linkTokenSchema = z
  .string()
  .min(1)
  .max(1_000)
  .describe('What stands behind the # of the link in the mail.')
  .meta({ examples: ['vll_9f2dYp0cV3Jk1wq7mXbT5rN8sLhG4uA6eZyQoCiKxEw'] });

/** The reply to whoever signs in: who they are, where, and the tokens of their new session. */
export const sessionSchema = z.strictObject({
  user: userSchema,
  tenant: tenantSchema,
  token: tokenSchema,
  refreshToken: refreshTokenSchema,
});

/** Free text of people: trimmed, 1 to 100 characters, no control characters. */
export const displayTextSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode');
