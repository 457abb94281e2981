import type { Condition, Verdict } from '#operator/engine/conditions.ts';
import { FINALIZERS } from '#operator/installation/names.ts';
import { asSentence } from '#operator/world/as-sentence.ts';
import type { RawPhoneNumber, RawTenant } from '#operator/world/raw-objects.ts';
import type { KnownNamespace } from '#operator/world/trimmed.ts';
import { verdict } from '#operator/world/verdict.ts';
import { stuckBy } from './decide-namespace.ts';

/** What a Tenant's end waits for, in words that say why and what to do. All pure. */

export interface Ending {
  readonly stage: 'Redis' | 'Calls' | 'Numbers' | 'Namespace' | 'Data';
  readonly message: string;
}

/** More would not be read. */
const MAX_NAMED = 5;

export function waitsForRedis(error: Error): Ending {
  const message =
    `Calls have to stop arriving first. ${error.message} ` +
    'It goes on by itself once the operator reaches Redis again.';
  return { stage: 'Redis', message };
}

export function waitsForCalls(calls: number, lastEndMs: number): Ending {
  const until = new Date(lastEndMs).toISOString();
  const message =
    `New calls are not answered any more, and ${counted(calls, 'call')} in progress may end. ` +
    `At ${until} the longest that the VoiceRuntime allows a call is over, and it goes on in any case.`;
  return { stage: 'Calls', message };
}

export function waitsForNumbers(numbers: readonly RawPhoneNumber[]): Ending {
  const named = numbers.slice(0, MAX_NAMED).map(stateOf);
  const more = numbers.length > MAX_NAMED ? ` And ${numbers.length - MAX_NAMED} more.` : '';
  const message = `Waiting for ${counted(numbers.length, 'PhoneNumber')} to be kept or released. ${named.join(' ')}${more}`;
  return { stage: 'Numbers', message };
}

export function waitsForNamespace(namespace: KnownNamespace): Ending {
  const message = `Waiting for the namespace ${namespace.metadata.name} to be gone. ${stuckBy(namespace)}`;
  return { stage: 'Namespace', message: message.trim() };
}

export function waitsForData({ metadata, spec }: RawTenant): Ending {
  if (!metadata.finalizers?.includes(FINALIZERS.data)) {
    return { stage: 'Data', message: 'Everything of it in the cluster is gone.' };
  }
  const fate = spec?.['deletionPolicy'] === 'Purge' ? 'deletes' : 'keeps';
  const message =
    `Everything of it in the cluster is gone. The API server ${fate} its calls, leads and usage, as ` +
    `spec.deletionPolicy says, and then takes the finalizer ${FINALIZERS.data} away. If that lasts, see that the ` +
    'API server runs and reaches its database.';
  return { stage: 'Data', message };
}

/** The cluster said no to a step of the end, and will until somebody changes what says so. */
export function refusedBy(stage: Ending['stage'], what: string, words: string): Ending {
  const message =
    `The cluster does not let the operator ${what}: ${asSentence(words)} ` +
    'It goes on by itself within a minute after what refuses it has been changed.';
  return { stage, message };
}

const GONE = 'It is gone, or was never the Tenant’s.';

/** Whether a status says already that nothing is left of the Tenant but its finalizers. */
export function saysGone(conditions: readonly Condition[] | undefined): boolean {
  return conditions?.some(({ type, message }) => type === 'NamespaceReady' && message === GONE) === true;
}

/** The conditions of a Tenant that is ending. */
export function endingVerdicts({ stage, message }: Ending): readonly Verdict[] {
  const ready = verdict('Ready', 'False', 'Deleting', message);
  if (stage === 'Redis') return [ready];
  const withdrawn = verdict(
    'ProfileProjected',
    'False',
    'Withdrawn',
    'The Tenant is being deleted: its calls are not answered.',
  );
  if (stage !== 'Namespace' && stage !== 'Data') return [ready, withdrawn];
  const gone = stage === 'Data' ? GONE : message;
  return [ready, withdrawn, verdict('NamespaceReady', 'False', 'NamespaceTerminating', gone)];
}

function stateOf({ metadata, status }: RawPhoneNumber): string {
  const others = (metadata.finalizers ?? []).filter((one) => one !== FINALIZERS.phoneNumber);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const says = ready?.reason === 'Deleting' ? ready.message : 'It has been asked to go.';
  const held =
    others.length === 0 ? '' : ` It is also held by ${others.join(', ')}: whoever set that has to remove it.`;
  return `${metadata.name}: ${says}${held}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
