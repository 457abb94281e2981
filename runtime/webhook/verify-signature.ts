import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** How far a webhook's time may be from ours, to either side: Telnyx's own figure. */
const TOLERANCE_SECONDS = 300;

export type SignatureFault = 'Missing' | 'Malformed' | 'Stale' | 'Forged';

/** The account's public key: base64 of 32 bytes, as the portal shows it. Throws for anything else. */
export function webhookKeyOf(base64: string): KeyObject {
  const raw = Buffer.from(base64, 'base64');
  if (raw.length !== 32) throw new Error('the Ed25519 public key is not 32 bytes of base64');
  const key = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return createPublicKey({ key, format: 'jwk' });
}

export interface SignedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as it arrived: a body parsed and written again has another signature. */
  readonly rawBody: Buffer;
}

/** What the headers alone give away, before a body is read. */
export function headerFault(headers: SignedRequest['headers'], nowMs: number): SignatureFault | undefined {
  const signature = headers['telnyx-signature-ed25519'];
  const timestamp = headers['telnyx-timestamp'];
  if (typeof signature !== 'string' || typeof timestamp !== 'string') return 'Missing';
  const signatureBytes = Buffer.from(signature, 'base64');
  if (!/^\d{1,12}$/.test(timestamp) || signatureBytes.length !== 64) return 'Malformed';
  return Math.abs(nowMs / 1_000 - Number(timestamp)) > TOLERANCE_SECONDS ? 'Stale' : undefined;
}

/**
 * Verifies Telnyx's Ed25519 signature over `<timestamp>|<raw body>`. Resolves the question before
 * anything is parsed; undefined: it is authentic and of this moment.
 */
export function signatureFault(
  request: SignedRequest,
  key: KeyObject,
  nowMs: number,
): SignatureFault | undefined {
  const { headers, rawBody } = request;
  const fault = headerFault(headers, nowMs);
  if (fault) return fault;
  const signature = Buffer.from(String(headers['telnyx-signature-ed25519']), 'base64');
  const signed = Buffer.concat([Buffer.from(`${String(headers['telnyx-timestamp'])}|`), rawBody]);
  return verify(null, signed, key, signature) ? undefined : 'Forged';
}
