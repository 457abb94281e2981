import { Buffer } from 'node:buffer';
import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import type { RawVoiceRuntime } from '#operator/world/raw-objects.ts';
import type { NumberCarrier } from './number-carrier.ts';

export interface CarrierDirectoryOptions {
  readonly client: Pick<KubeClient, 'get'>;
  readonly makeCarrier: (apiKey: string) => NumberCarrier;
  readonly clock: Clock;
}

export type FoundCarrier =
  | { readonly kind: 'Found'; readonly carrier: NumberCarrier }
  | { readonly kind: 'SecretNotFound' | 'SecretIncomplete'; readonly message: string };

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface Kept {
  readonly apiKey: string;
  readonly carrier: NumberCarrier;
  readonly readAtMs: number;
}

/** How long a rotated key may go unnoticed. */
const SECRET_TTL_MS = 30_000;

/** Gives the carrier account of a VoiceRuntime, from the Secret that it names. */
export class CarrierDirectory {
  readonly #options: CarrierDirectoryOptions;
  /** By namespace/name of the Secret: as many as VoiceRuntimes name. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: CarrierDirectoryOptions) {
    this.#options = options;
  }

  /** Throws a KubeError when the Secret could not be read for another reason than its absence. */
  async find(runtime: RawVoiceRuntime): Promise<FoundCarrier> {
    const { namespace = '' } = runtime.metadata;
    const telnyx = runtime.spec?.['telnyx'] as { secretRef?: { name?: string } } | undefined;
    const name = telnyx?.secretRef?.name ?? '';
    const key = `${namespace}/${name}`;
    const nowMs = this.#options.clock.monotonic();
    const kept = this.#kept.get(key);
    if (kept !== undefined && nowMs - kept.readAtMs < SECRET_TTL_MS) {
      return { kind: 'Found', carrier: kept.carrier };
    }
    const secret = await this.#read(namespace, name);
    if (typeof secret === 'string') return { kind: 'SecretNotFound', message: secret };
    const absent = ['apiKey', 'publicKey'].filter((field) => !secret.data?.[field]);
    if (absent.length > 0) {
      const message = `The Secret ${key} has no ${absent.join(' and no ')}.`;
      return { kind: 'SecretIncomplete', message };
    }
    const apiKey = Buffer.from(secret.data?.['apiKey'] ?? '', 'base64')
      .toString('utf8')
      .trim();
    const carrier = kept?.apiKey === apiKey ? kept.carrier : this.#options.makeCarrier(apiKey);
    this.#kept.set(key, { apiKey, carrier, readAtMs: nowMs });
    return { kind: 'Found', carrier };
  }

  /** The Secret, or the sentence that says why there is none for us. */
  async #read(namespace: string, name: string): Promise<Secret | string> {
    try {
      const secret = await this.#options.client.get<Secret>(SECRETS, { namespace, name });
      return secret ?? `There is no Secret ${name} in ${namespace}.`;
    } catch (error) {
      if (!(error instanceof KubeError && error.reason === 'Forbidden')) throw error;
      return (
        `The operator may not read Secrets in ${namespace}. ` +
        'Its ClusterRole veralux-operator grants that everywhere: apply the manifests again.'
      );
    }
  }
}
