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
  'EnginesFailed',
  'MediaLost',
  'RuntimeError',
  'CarrierEnded',
]);

export type HangupReason = z.output<typeof hangupReasonSchema>;
