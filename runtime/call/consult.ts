import type { CallRecord, Transfer } from './call-record.ts';
import { TRANSFER_MS } from './deadlines.ts';

/** What can be asked of a call whose caller waits while a person is asked whether they take the call. */

/**
 * The keys that a person presses who is asked whether they take a caller. Keys alone: a voicemail says words, "yes"
 * among them, and presses nothing.
 */
export const ACCEPT_KEY = '1';
export const DECLINE_KEY = '2';

/** The transfer in which a person is being asked; undefined where none is, or it is decided. */
export function consultOf({ transfer, bridgedAtMs }: CallRecord): Consult | undefined {
  const isOpen = transfer?.failure === undefined && bridgedAtMs === undefined;
  return isOpen && isConsult(transfer) ? transfer : undefined;
}

/**
 * The leg to that person, or to one who did not take the caller, where it may be up at the carrier: nobody but us ends
 * it before the two are connected.
 */
export function openLegOf({ transfer, bridgedAtMs = transfer?.bridgedAtMs }: CallRecord): string | undefined {
  const isOurs = transfer?.consult !== undefined && !transfer.legOver && bridgedAtMs === undefined;
  return isOurs ? transfer.legCallID : undefined;
}

/** The same, once its person does not get the caller any more: it is to be ended. */
export function legToEndOf(record: CallRecord): string | undefined {
  return record.transfer?.failure === undefined ? undefined : openLegOf(record);
}

/**
 * Whether the leg that was dialled under this generation of a call's transfer may be up and is nobody's any more: then
 * whoever hears of it hangs it up.
 */
export function isStrayLeg(record: CallRecord | undefined, generation: number): boolean {
  if (record?.transfer?.generation !== generation) return true;
  const { state, transfer, bridgedAtMs = transfer.bridgedAtMs } = record;
  // One that was bridged ends with the caller's.
  const isOver = transfer.legOver === true || bridgedAtMs !== undefined;
  return !isOver && !isAsking(record) && state !== 'transferring';
}

/** Until when the transfer's number may be ringing; undefined: it rings no more. */
export function diallingUntilMs(record: CallRecord): number | undefined {
  const { state, transfer } = record;
  if (state === 'transferring') return transfer && ringingUntilMs(transfer);
  const isRinging = isAsking(record) && transfer?.legAnsweredAtMs === undefined;
  return isRinging && transfer ? ringingUntilMs(transfer) : undefined;
}

/** Then the carrier has ended the ringing, and told of it. */
export function ringingUntilMs({ startedAtMs }: Transfer): number {
  return startedAtMs + TRANSFER_MS;
}

function isAsking(record: CallRecord): boolean {
  const { state } = record;
  return (state === 'consulting' || state === 'attaching') && consultOf(record) !== undefined;
}

export type Consult = Transfer & { readonly consult: NonNullable<Transfer['consult']> };

function isConsult(transfer: Transfer | undefined): transfer is Consult {
  return transfer?.consult !== undefined;
}
