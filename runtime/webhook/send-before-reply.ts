import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Carrier, CarrierCommand, CarrierResult } from '#runtime/carrier/carrier.ts';

/** The reply to a webhook is due within 2 s, so what comes before it has less. */
const SEND_WITHIN_MS = 1_500;

/**
 * Sends a command that has no place in the store, before its webhook is answered. Where the carrier does
 * not take it in time, this throws: the next delivery repeats the same command, which the carrier
 * carries out once.
 */
export async function sendBeforeReply(
  command: CarrierCommand,
  { carrier, clock }: { readonly carrier: Carrier; readonly clock: Clock },
): Promise<CarrierResult> {
  const { promise: overdue, resolve } = Promise.withResolvers<CarrierResult>();
  const cancel = clock.after(SEND_WITHIN_MS, () => resolve('Unreachable'));
  const result = await Promise.race([carrier.send(command), overdue]);
  cancel();
  if (result === 'Unreachable') throw new NotSent();
  return result;
}

class NotSent extends OperatingError {
  constructor() {
    super('not_sent', 'the carrier did not take a command of which nothing is stored', { retryable: true });
  }
}
