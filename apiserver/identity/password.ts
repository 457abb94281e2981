import { z } from 'zod';

/** bcrypt reads no more than this many bytes, so a longer password would be cut without a word. */
const MAX_PASSWORD_BYTES = 72;

/** A password that somebody chooses: 8 characters to 72 bytes of UTF-8. It is never cut or trimmed. */
export const newPasswordSchema = z
  .string()
  .min(8, 'must have at least 8 characters')
  .refine(fitsBcrypt, `must have at most ${MAX_PASSWORD_BYTES} bytes of UTF-8`)
  .refine(hasNoNUL, 'must not contain the NUL character')
  .meta({ examples: ['SecureP@ss123'] });

/** A password that somebody claims to have, right or wrong. */
export const passwordSchema = z
  .string()
  .min(1)
  .max(1_000)
  .meta({ examples: ['SecureP@ss123'] });

/** Whether bcrypt reads the whole of it; one that it would cut cannot be anybody's. */
export function isWholeToBcrypt(password: string): boolean {
  return fitsBcrypt(password) && hasNoNUL(password);
}

function hasNoNUL(password: string): boolean {
  return !password.includes('\0');
}

function fitsBcrypt(password: string): boolean {
  return Buffer.byteLength(password, 'utf8') <= MAX_PASSWORD_BYTES;
}
