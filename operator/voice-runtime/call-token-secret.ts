import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { deriveSecret } from '#operator/installation/master-key.ts';
import type { RawVoiceRuntime } from '#operator/world/raw-objects.ts';
import { GENERATED_KEYS } from './pod-template.ts';

/** What all pods of a Managed runtime are given as CALL_TOKEN_SECRET. `key` is its namespace/name. */
export function madeCallTokenSecret(masterKey: Uint8Array, key: string): string {
  return deriveSecret(masterKey, { purpose: 'call-tokens', subject: key, generation: 1 });
}

/** The Secret that holds that of an External runtime; undefined where its spec names none. */
export function callTokensRef(
  runtime: RawVoiceRuntime | undefined,
): { readonly namespace: string; readonly name: string } | undefined {
  const callTokens = runtime?.spec?.['callTokens'] as { secretRef?: { name?: string } } | undefined;
  const { namespace = '' } = runtime?.metadata ?? {};
  const name = callTokens?.secretRef?.name;
  return name === undefined ? undefined : { namespace, name };
}

export type FoundCallTokenSecret =
  | { readonly kind: 'Found'; readonly secret: string }
  /** `message`: what there is to do, as a sentence. */
  | { readonly kind: 'Missing'; readonly message: string };

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** What the pods of a runtime know and nobody else but the operator. Throws what the client throws. */
export async function findCallTokenSecret(
  key: string,
  runtime: RawVoiceRuntime | undefined,
  { client, masterKey }: { readonly client: Pick<KubeClient, 'get'>; readonly masterKey: Uint8Array },
): Promise<FoundCallTokenSecret> {
  if (runtime === undefined) return { kind: 'Missing', message: `There is no VoiceRuntime ${key}.` };
  if (runtime.spec?.['mode'] !== 'External') {
    return { kind: 'Found', secret: madeCallTokenSecret(masterKey, key) };
  }
  const ref = callTokensRef(runtime);
  if (ref === undefined) {
    const message = `The VoiceRuntime ${key} runs elsewhere: name the Secret with its CALL_TOKEN_SECRET in its spec.callTokens.`;
    return { kind: 'Missing', message };
  }
  const { callTokenSecret: field } = GENERATED_KEYS;
  const value = (await client.get<Secret>(SECRETS, ref))?.data?.[field];
  if (value !== undefined && value !== '') {
    return { kind: 'Found', secret: Buffer.from(value, 'base64').toString('utf8') };
  }
  const message = `spec.callTokens of the VoiceRuntime ${key}: there is no Secret ${ref.name} in ${ref.namespace} with the key ${field}.`;
  return { kind: 'Missing', message };
}
