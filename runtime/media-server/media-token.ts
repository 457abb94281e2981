import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a media socket is allowed to do: be the one stream of this generation of this call. */
const mediaTokenSchema = z.object({
  tenantID: z.uuid(),
  callID: z.uuid(),
  generation: z.number().int().positive(),
  /** The pod in the URL it was made for. */
  pod: z.string(),
  expiresAtMs: z.number().int(),
  /** What the call is, for where Redis has lost it since; absent in tokens of the last release. */
  call: z
    .object({ carrierCallID: z.string(), workflow: z.string(), answeredAtMs: z.number().int() })
    .optional(),
});

export type MediaToken = z.output<typeof mediaTokenSchema>;

/** `<payload>.<HMAC-SHA256>`, both base64url; far below the carrier's 4,000 characters. */
export function signMediaToken(token: MediaToken, secret: string): string {
  const payload = Buffer.from(JSON.stringify(token)).toString('base64url');
  return `${payload}.${macOf(payload, secret).toString('base64url')}`;
}

/** Undefined for what is malformed, not signed by us, or expired. Single use is the call's to know. */
export function verifyMediaToken(text: string, secret: string, nowMs: number): MediaToken | undefined {
  const [payload, mac, ...rest] = text.split('.');
  if (!payload || !mac || rest.length > 0) return undefined;
  const expected = macOf(payload, secret);
  const given = Buffer.from(mac, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  // The signature vouches for what follows: it is JSON of our own making.
  const parsed = mediaTokenSchema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  return parsed.success && parsed.data.expiresAtMs > nowMs ? parsed.data : undefined;
}

function macOf(payload: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(`media-token|${payload}`).digest();
}
