import { z } from 'zod';

/** Why a call ended: exactly one for each call. */
export const hangupReasonSchema = z.enum([
  'CallerHungUp',
  'WorkflowCompleted',
  'CallerSilent',
  'MaxDuration',
  'MaxTurns',
  'Transferred',
  'Rejected',
  // Not taken by an agent: the caller heard the message of spec.busy.
  'Busy',
  'EnginesFailed',
  'MediaLost',
  'RuntimeError',
  'CarrierEnded',
]);

export type HangupReason = z.output<typeof hangupReasonSchema>;
