import { createHash } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';

/** What an access token says: whose it is, for which tenant, and the session that must still live. */
export interface AccessClaims {
  readonly userID: string;
  readonly tenantID: string | null;
  readonly sessionID: string;
}

/** A token lives this long; then the refresh token gives the next. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

const ISSUER = 'veralux';
const AUDIENCE = 'veralux-api';

const payloadSchema = z.object({ sub: z.uuid(), sid: z.uuid(), tid: z.uuid().nullable() });

/** Signs and verifies access tokens with HS256, and with nothing else. */
export class AccessTokens {
  readonly #secret: string;
  readonly #keyID: string;
  readonly #clock: Clock;

  constructor(secret: string, clock: Clock) {
    this.#secret = secret;
    // Names the key without telling it, so that two can be live while one is replaced.
    this.#keyID = createHash('sha256').update(`kid:${secret}`).digest('hex').slice(0, 12);
    this.#clock = clock;
  }

  sign(claims: AccessClaims): string {
    const issuedAt = Math.floor(this.#clock.now() / 1_000);
    return jwt.sign(
      {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: claims.userID,
        sid: claims.sessionID,
        tid: claims.tenantID,
        iat: issuedAt,
        exp: issuedAt + ACCESS_TOKEN_SECONDS,
      },
      this.#secret,
      { algorithm: 'HS256', keyid: this.#keyID },
    );
  }

  /** The claims, or undefined when the token is not ours, was changed or has ended. */
  verify(token: string): AccessClaims | undefined {
    let payload: unknown;
    try {
      payload = jwt.verify(token, this.#secret, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        clockTimestamp: Math.floor(this.#clock.now() / 1_000),
      });
    } catch {
      // Every reason of jsonwebtoken means the same to us: not authenticated.
      return undefined;
    }
    const parsed = payloadSchema.safeParse(payload);
    if (!parsed.success) return undefined;
    return { userID: parsed.data.sub, tenantID: parsed.data.tid, sessionID: parsed.data.sid };
  }
}
