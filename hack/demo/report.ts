import type { Kubectl } from '#hack/kubernetes/kubectl.ts';
import type { CallDetail, Usage } from './call-detail.ts';
import type { Narrator } from './narrator.ts';

/** The custom resources as `kubectl get` shows them. */
export async function reportResources(narrator: Narrator, kubectl: Kubectl): Promise<void> {
  narrator.title('The custom resources');
  for (const args of [
    ['tenants'],
    ['phonenumbers', '--all-namespaces'],
    ['voiceruntimes', '--all-namespaces'],
  ]) {
    narrator.text(`$ kubectl get ${args.join(' ')}\n${await kubectl(['get', ...args])}`);
  }
}

/** What the API tells of a call: transcript, lead, what it cost. */
export function reportCall(narrator: Narrator, call: CallDetail): void {
  narrator.title(`The call, as GET /api/admin/calls/${call.id} tells it`);
  for (const turn of call.transcript) narrator.spoken(turn.speaker, turn.text, turn.startedAtMs);
  narrator.title('The lead');
  for (const field of call.lead?.fields ?? []) narrator.fact(field.label, field.value);
  if (!call.usage) return;
  narrator.title('What the call was metered as');
  narrator.fact('Seconds', String(call.usage.callSeconds));
  narrator.fact('Seconds transcribed', String(call.usage.sttSeconds));
  narrator.fact('Characters spoken', String(call.usage.ttsCharacters));
}

/** The month's usage beside the plan's limits. */
export function reportUsage(narrator: Narrator, usage: Usage): void {
  narrator.title(`Usage of ${usage.month} on plan ${usage.plan ?? 'unknown'}`);
  const row = (label: string, used: number | undefined, limit: number | null | undefined) =>
    narrator.fact(label, `${used ?? 0} of ${limit ?? 'unlimited'}`);
  row('Calls', usage.usage['call_count'], usage.limits?.['callsPerMonth']);
  row('Minutes', usage.usage['call_minutes'], usage.limits?.['minutesPerMonth']);
  row('API requests', usage.usage['api_requests'], usage.limits?.['apiRequestsPerMonth']);
  narrator.fact('Characters spoken', String(usage.usage['tts_characters'] ?? 0));
}
