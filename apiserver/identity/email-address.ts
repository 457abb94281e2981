import { domainToASCII } from 'node:url';
import { z } from 'zod';

/**
 * An e-mail address in the one form we keep and compare: trimmed, lower case, the domain in ASCII
 * (IDNA). At most 254 characters (RFC 5321 section 4.5.3.1.3).
 */
export const emailAddressSchema = z
  .string()
  .max(320)
  .meta({ examples: ['user@example.com'] })
  .transform(normalise)
  .pipe(z.email('must be an e-mail address').max(254));

function normalise(text: string): string {
  const trimmed = text.trim().normalize('NFKC').toLowerCase();
  const at = trimmed.lastIndexOf('@');
  if (at < 0) return trimmed;
  return `${trimmed.slice(0, at)}@${domainToASCII(trimmed.slice(at + 1))}`;
}
