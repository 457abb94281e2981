import { AsyncLocalStorage } from 'node:async_hooks';
import type { Principal } from '../identity/principal.ts';

/** Who acts, as the audit log has it; `veralux.actor` in the database. */
export interface Actor {
  /** Anonymous: whoever signed up, or had a link. */
  readonly kind: 'Person' | 'Staff' | 'ApiKey' | 'Anonymous';
  readonly id?: string;
  readonly name?: string;
  readonly operation: string;
  readonly reason?: string | undefined;
}

/** As much as is noted of a visit, too. */
const MAX_REASON_CHARACTERS = 500;

/** Of the request that runs: no handler has to hand it on, so none can forget to. */
const acting = new AsyncLocalStorage<Actor>();

/** Does the work of a request that changes something: every change in it is this actor's. */
export function actAs<T>(actor: Actor, work: () => Promise<T>): Promise<T> {
  return acting.run(actor, work);
}

/** For the setting `veralux.actor` of a transaction; undefined outside such a request. */
export function currentActor(): string | undefined {
  const actor = acting.getStore();
  return actor && JSON.stringify(actor);
}

/** Whoever makes a request. Of staff the tenant is not told the name: the platform knows it by the id. */
export function actorOf(
  principal: Principal | undefined,
  request: { readonly operation: string; readonly reason: string | undefined; readonly asStaff: boolean },
): Actor {
  const { operation, asStaff } = request;
  const reason = request.reason?.slice(0, MAX_REASON_CHARACTERS);
  if (!principal) return { kind: 'Anonymous', operation };
  if (principal.kind === 'ApiKey') {
    return { kind: 'ApiKey', id: principal.keyID, name: principal.name, operation };
  }
  const { id, email } = principal.user;
  if (asStaff || principal.entered) return { kind: 'Staff', id, operation, reason };
  return { kind: 'Person', id, name: email, operation };
}
