import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';
import { ApiError } from '../http/api-error.ts';
import { issuerOf } from './access-token.ts';

/** An identity provider whose tokens are taken. */
export const issuerSchema = z.strictObject({
  issuer: z.string().min(1).max(500),
  audience: z.string().min(1).max(500),
  jwksURL: z.url({ protocol: /^https?$/ }),
});

export type OutsideIssuer = z.output<typeof issuerSchema>;

/** Somebody at an outside issuer. */
export interface OutsideIdentity {
  readonly issuer: string;
  readonly subject: string;
}

/** Asymmetric ones only: a public key must never serve as the secret of an HMAC. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];

const claimsSchema = z.object({ sub: z.string().min(1).max(500) });

/**
 * Verifies the tokens of outside issuers by their published keys, and no others. Which keys, the
 * issuer's entry here says alone: `jku`, `x5u` and `jwk` in a token's header are not looked at.
 */
export class OutsideTokens {
  readonly #issuers: ReadonlyMap<
    string,
    OutsideIssuer & { readonly keys: ReturnType<typeof createRemoteJWKSet> }
  >;
  readonly #clock: Clock;

  constructor(issuers: readonly OutsideIssuer[], clock: Clock) {
    this.#clock = clock;
    this.#issuers = new Map(
      issuers.map((one) => [
        one.issuer,
        // Keys are fetched when first needed, kept for ten minutes, and again for an unknown `kid`.
        { ...one, keys: createRemoteJWKSet(new URL(one.jwksURL), { timeoutDuration: 3_000 }) },
      ]),
    );
  }

  /** The issuer that a token names, if it is one of these, and so for this verifier. */
  issuerOf(token: string): string | undefined {
    // Where there are none, no token of ours is read a further time.
    if (this.#issuers.size === 0) return undefined;
    const issuer = issuerOf(token);
    return issuer !== undefined && this.#issuers.has(issuer) ? issuer : undefined;
  }

  /** Undefined where the token does not hold. Throws ApiError `issuer_unavailable`. */
  async verify(issuer: string, token: string): Promise<OutsideIdentity | undefined> {
    const known = this.#issuers.get(issuer);
    if (!known) return undefined;
    try {
      const { payload } = await jwtVerify(token, known.keys, {
        algorithms: ALGORITHMS,
        issuer: known.issuer,
        audience: known.audience,
        currentDate: new Date(this.#clock.now()),
        requiredClaims: ['sub', 'exp'],
      });
      const claims = claimsSchema.safeParse(payload);
      return claims.success ? { issuer, subject: claims.data.sub } : undefined;
    } catch (error) {
      if (isUnavailable(error)) throw new ApiError('issuer_unavailable', undefined, { cause: error });
      return undefined;
    }
  }
}

/** What jose throws of a token is a JOSEError; of these, two say that the keys could not be had. */
function isUnavailable(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  );
}
