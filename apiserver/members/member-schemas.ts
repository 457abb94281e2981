import { z } from 'zod';
import { TENANT_ROLES } from '../identity/permissions.ts';

/** The shapes in which members, invitations and API keys appear. Times are UTC, ISO 8601. */
const time = z.iso.datetime();

export const roleSchema = z.enum(TENANT_ROLES).describe('Each may what those before it may.');

export const memberSchema = z.strictObject({
  id: z.uuid().describe("The person's id."),
  email: z.string(),
  name: z.string(),
  role: roleSchema,
  joinedAt: time,
});

export const invitationSchema = z.strictObject({
  id: z.uuid(),
  email: z.string(),
  role: roleSchema,
  createdAt: time,
  expiresAt: time.describe('The link in the mail is good until then.'),
});
