import { uuidV5 } from '#lib/ids/uuid-v5.ts';

/** A random UUID, fixed for ever: another one would give every call a second id. */
const CALL_NAMESPACE = '5f0d2f0c-8f0e-4c1c-9d0a-6f1f6a4f2b7e';

/** Our id of a call: the same for the same carrier call on every pod, without asking anybody. */
export function callIDOf(carrierCallID: string): string {
  return uuidV5(CALL_NAMESPACE, carrierCallID);
}
