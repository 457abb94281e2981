import { createHash } from 'node:crypto';
import type { CarrierCommand } from '#runtime/carrier/carrier.ts';
import type { Command } from './call-record.ts';

/**
 * The carrier's command_id: derived from (call, step, generation). The carrier drops a repeat
 * within 60 s, so sending a command again, from any pod, carries it out once; a new generation is
 * a new command.
 */
export function commandIDOf(
  callID: string,
  command: { readonly step: CarrierCommand['step'] | Command['step']; readonly generation: number },
): string {
  return createHash('sha256')
    .update(`${callID}/${command.step}/${command.generation}`)
    .digest('hex')
    .slice(0, 32);
}
