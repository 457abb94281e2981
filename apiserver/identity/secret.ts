import { createHash, randomBytes } from 'node:crypto';

/** What a secret of ours begins with, so that people and scanners know one when they see it. */
export const SECRET_PREFIX = { apiKey: 'vlk_', refreshToken: 'vlr_', link: 'vll_' } as const;

/** A new secret with 256 random bits: too many to guess, so that a fast hash of it is safe to store. */
export function newSecret(kind: keyof typeof SECRET_PREFIX): string {
  return `${SECRET_PREFIX[kind]}${randomBytes(32).toString('base64url')}`;
}

/** What is stored of a secret: its SHA-256. */
export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
