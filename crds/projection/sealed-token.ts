import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

/**
 * What a token is for: sealed for one tool of one tenant, at one address and out of one Secret, it opens for nothing
 * else. So whoever gives a tool another address, or another Secret, has the token of before sent nowhere.
 */
export interface TokenUse {
  readonly tenantID: string;
  readonly tool: {
    readonly name: string;
    readonly url: string;
    readonly secretRef?: { readonly name: string; readonly key: string } | undefined;
  };
}

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
/** The size for which GCM is defined without hashing it first (NIST SP 800-38D, 8.2). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A token as it may lie in Redis: AES-256-GCM as base64url of nonce, tag and text, under a key that HKDF-SHA256
 * (RFC 5869) makes of the runtime's CALL_TOKEN_SECRET. The nonce is made of what is sealed, as in SIV (RFC 5297):
 * the same token always gives the same text, so that what Redis holds can be compared with what it should hold.
 */
export function sealToken(callTokenSecret: string, use: TokenUse, token: string): string {
  const { encryption, nonces } = keysOf(callTokenSecret);
  const about = associatedData(use);
  const nonce = createHmac('sha256', nonces).update(about).update(token).digest().subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, encryption, nonce, { authTagLength: TAG_BYTES }).setAAD(about);
  const text = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
}

/** Undefined for what was sealed with another secret or for another use, or is not whole. */
export function openToken(callTokenSecret: string, use: TokenUse, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const { encryption } = keysOf(callTokenSecret);
  const decipher = createDecipheriv(CIPHER, encryption, nonce, { authTagLength: TAG_BYTES })
    .setAAD(associatedData(use))
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
function keysOf(callTokenSecret: string) {
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', callTokenSecret, '', `veralux tool token: ${purpose}`, KEY_BYTES));
  return { encryption: derive('encryption'), nonces: derive('nonces') };
}

/** With its ending, so that no token can be taken for a part of it. */
function associatedData({ tenantID, tool: { name, url, secretRef } }: TokenUse): Buffer {
  return Buffer.from(`${JSON.stringify([tenantID, name, url, secretRef?.name, secretRef?.key])}\n`);
}
