import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Carrier, CarrierCallStatus, CarrierResult } from '#runtime/carrier/carrier.ts';
import { decodeClientState } from '#runtime/carrier/client-state.ts';
import { askWhetherBridged } from './ask-whether-bridged.ts';
import type { CallEvent } from './call-event.ts';
import type { CallRecord, Command } from './call-record.ts';
import { consultOf, ringingUntilMs } from './consult.ts';

export interface AskOptions {
  readonly carrier: Pick<Carrier, 'lookUp' | 'activeCalls'>;
  readonly callTokenSecret: string;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What came of a command, as an event of its call. */
export function resultOf({ step, generation }: Command, result: CarrierResult, atMs: number): CallEvent {
  const about = { atMs, step, generation } as const;
  return result === 'Done'
    ? { kind: 'commandDone', ...about }
    : { kind: 'commandFailed', ...about, failure: result };
}

/** What the carrier knows of a call, as an event of it: of its own leg, or of the one to a person who is dialled. */
export function askCarrier(record: CallRecord, command: Command, options: AskOptions): Promise<CallEvent> {
  const ask = record.state === 'transferring' || record.state === 'consulting' ? askAfterLeg : askAfterCall;
  return ask(record, command, options);
}

async function askAfterCall(
  record: CallRecord,
  command: Command,
  { carrier, clock, log, callTokenSecret }: AskOptions,
): Promise<CallEvent> {
  const isBeginning = record.state === 'answering' || record.state === 'attaching';
  const found = await carrier.lookUp(record.carrierCallID);
  const atMs = clock.now();
  log.info({ callID: record.callID, status: found.status }, 'the carrier was asked after a call');
  if (found.status === 'Live') {
    const state = decodeClientState(found.clientState, callTokenSecret);
    const { generation = 0, answeredAtMs, callID } = state ?? {};
    if (isBeginning && callID === record.callID && generation > record.generation) {
      return { kind: 'streamElsewhere', atMs, generation, answeredAtMs };
    }
    return resultOf(command, 'Done', atMs);
  }
  if (found.status === 'Unreachable') return resultOf(command, 'Unreachable', atMs);
  const endedAtMs = found.status === 'Ended' ? found.endedAtMs : undefined;
  // Of a call that we were ending anyway, we know until when it is billed where the carrier does not.
  if (endedAtMs === undefined && (isBeginning || record.state === 'ending'))
    return resultOf(command, 'CallEnded', atMs);
  const occurredAtMs = endedAtMs ?? atMs;
  return { kind: 'hungUp', atMs, identity: record, occurredAtMs, cause: undefined, byCaller: false };
}

const RESULTS = {
  Live: 'Done',
  Ended: 'CallEnded',
  Unknown: 'CallEnded',
  Unreachable: 'Unreachable',
} as const;

async function askAfterLeg(record: CallRecord, command: Command, options: AskOptions): Promise<CallEvent> {
  const { carrier, clock, log } = options;
  const legCallID = record.transfer?.legCallID;
  const { status, found } =
    legCallID === undefined
      ? await findLeg(record, options)
      : { status: statusOfLeg(await carrier.lookUp(legCallID), record, clock.now()), found: legCallID };
  log.info({ callID: record.callID, leg: true, status }, 'the carrier was asked after a call');
  const event = resultOf(command, RESULTS[status], clock.now());
  if (event.kind !== 'commandDone') return event;
  const consult = consultOf(record);
  return consult?.consult.acceptedAtMs === undefined
    ? { ...event, legCallID: found }
    : askWhetherBridged(record, event, { ...options, acceptedAtMs: consult.consult.acceptedAtMs });
}

/** Telnyx says of what it is dialling that it is not alive: only what has an end is over while it can be ringing. */
function statusOfLeg(
  found: CarrierCallStatus,
  { transfer }: CallRecord,
  nowMs: number,
): CarrierCallStatus['status'] {
  const hasNoEnd = found.status === 'Ended' && found.endedAtMs === undefined;
  const isRinging = transfer?.legAnsweredAtMs === undefined && transfer && nowMs < ringingUntilMs(transfer);
  return hasNoEnd && isRinging ? 'Live' : found.status;
}

interface FoundLeg {
  readonly status: keyof typeof RESULTS;
  /** The carrier's id of it. */
  readonly found?: string | undefined;
}

/** A leg that no webhook has named yet is looked for among all that are open. */
async function findLeg(
  { callID, transfer }: CallRecord,
  { carrier, callTokenSecret }: AskOptions,
): Promise<FoundLeg> {
  const open = await carrier.activeCalls();
  if (!open) return { status: 'Unreachable' };
  const found = open.find(({ clientState }) => {
    const state = decodeClientState(clientState, callTokenSecret);
    return state?.leg && state.callID === callID && state.generation === transfer?.generation;
  });
  return { status: found ? 'Live' : 'Unknown', found: found?.carrierCallID };
}
