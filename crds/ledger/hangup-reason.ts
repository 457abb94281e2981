import { z } from 'zod';

/** Why a call ended: exactly one for each call. */
export const hangupReasonSchema = z.enum([
  'CallerHungUp',
  'WorkflowCompleted',
  // The caller said goodbye, or that it is of no more importance, before the workflow was completed.
  'CallerSaidGoodbye',
  'CallerSilent',
  // Another bot, an answering machine or a waiting line was on the caller's end.
  'CallerIsMachine',
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
