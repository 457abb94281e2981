import { DatabaseUnavailable } from '../database/database-error.ts';
import { type AuthenticateDeps, authenticate } from '../identity/authenticate.ts';
import type { Principal } from '../identity/principal.ts';
import { authorise } from './access.ts';
import { ApiError } from './api-error.ts';
import type { Route } from './route.ts';

export interface Admitted {
  readonly route: Route;
  /** Who was let in. */
  readonly principal: Principal | undefined;
  /** The header Authorization that they came with. */
  readonly authorization: string | undefined;
}

/**
 * Whether somebody who was let in would be so again: the token has not ended, and neither have the session, the key, the
 * membership or the role. Where Postgres cannot be asked, it is as it was.
 */
export async function stillMay(deps: AuthenticateDeps, admitted: Admitted): Promise<boolean> {
  const { route, principal, authorization } = admitted;
  if (principal === undefined) return true;
  try {
    const purpose = { operation: route.operationID, needsReason: false };
    const now = await authenticate(deps, { authorization }, purpose);
    // That staff are in the tenant was noted as they came.
    if (principal.kind === 'Person' && principal.entered) return now.kind === 'Person' && now.isStaff;
    authorise(route.access, now);
    return now.tenant?.id === principal.tenant?.id;
  } catch (error) {
    if (error instanceof ApiError) return false;
    if (error instanceof DatabaseUnavailable) return true;
    throw error;
  }
}
