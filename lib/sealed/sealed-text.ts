import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

/** What a text was sealed for: it opens for nothing else. */
export interface SealedFor {
  /** From which the keys are made. */
  readonly secret: string;
  /** Separates the keys of one use from those of another. */
  readonly purpose: string;
  /** Whose it is, in the order of names. */
  readonly owner: readonly string[];
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
/** The size for which GCM is defined without hashing it first (NIST SP 800-38D, 8.2). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A text as it may lie in a store: AES-256-GCM as base64url of nonce, tag and text, under a key that HKDF-SHA256
 * (RFC 5869) makes of the secret. The nonce is made of what is sealed, as in SIV (RFC 5297): the same text always gives
 * the same result, so that what a store holds can be compared with what it should hold.
 */
export function sealText(whose: SealedFor, text: string): string {
  const { encryption, nonces } = keysOf(whose);
  const about = associatedData(whose);
  const nonce = createHmac('sha256', nonces).update(about).update(text).digest().subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, encryption, nonce, { authTagLength: TAG_BYTES }).setAAD(about);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Undefined for what was sealed with another secret or for another owner, or is not whole. */
export function openText(whose: SealedFor, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const { encryption } = keysOf(whose);
  const decipher = createDecipheriv(CIPHER, encryption, nonce, { authTagLength: TAG_BYTES })
    .setAAD(associatedData(whose))
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const start = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([start, decipher.final()]).toString('utf8');
  } catch {
    // The tag does not fit: Node.js has no other error here, and no code for this one.
    return undefined;
  }
}

/** One key to encrypt with and one to make nonces with: neither use may tell of the other. */
function keysOf({ secret, purpose }: SealedFor) {
  const derive = (use: string) =>
    Buffer.from(hkdfSync('sha256', secret, '', `${purpose}: ${use}`, KEY_BYTES));
  return { encryption: derive('encryption'), nonces: derive('nonces') };
}

/** With its ending, so that no text can be taken for a part of it. */
function associatedData({ owner }: SealedFor): Buffer {
  return Buffer.from(`${JSON.stringify(owner)}\n`);
}
