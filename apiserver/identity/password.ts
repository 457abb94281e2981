import { z } from 'zod';

/** bcrypt reads no more than this many bytes, so a longer password would be cut without a word. */
const MAX_PASSWORD_BYTES = 72;

/** A password that somebody chooses: 8 characters to 72 bytes of UTF-8. It is never cut or trimmed. */
export const newPasswordSchema = z
  .string()
  .min(8, 'must have at least 8 characters')
  .refine(fitsBcrypt, `must have at most ${MAX_PASSWORD_BYTES} bytes of UTF-8`)
  .refine((password) => !password.includes('\0'), 'must not contain the NUL character')
  .meta({ examples: ['SecureP@ss123'] });

/** Whether bcrypt reads the whole of it; one that does not fit cannot be anybody's. */
export function fitsBcrypt(password: string): boolean {
  return Buffer.byteLength(password, 'utf8') <= MAX_PASSWORD_BYTES;
}
