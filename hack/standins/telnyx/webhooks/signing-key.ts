import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** The account's Ed25519 key: signs webhooks, and shows its public half as Telnyx's portal does. */
export class SigningKey {
  readonly #privateKey: KeyObject;
  /** The 32 raw bytes, base64. */
  readonly publicKey: string;

  /** `pkcs8Base64`: the private key as PKCS #8 DER in base64; absent: a new one. */
  constructor(pkcs8Base64?: string) {
    this.#privateKey =
      pkcs8Base64 === undefined
        ? generateKeyPairSync('ed25519').privateKey
        : createPrivateKey({ key: Buffer.from(pkcs8Base64, 'base64'), format: 'der', type: 'pkcs8' });
    const { x } = createPublicKey(this.#privateKey).export({ format: 'jwk' });
    if (x === undefined) throw new TypeError('the webhook key is not an Ed25519 key');
    this.publicKey = Buffer.from(x, 'base64url').toString('base64');
  }

  get pkcs8Base64(): string {
    return this.#privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  }

  /** The headers of a webhook with this raw body, sent at `timeMs`. */
  headers(body: string, timeMs: number): Record<string, string> {
    const timestamp = String(Math.floor(timeMs / 1000));
    const signature = sign(null, Buffer.from(`${timestamp}|${body}`), this.#privateKey);
    return { 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature.toString('base64') };
  }
}
