import type { Registry } from 'prom-client';
import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { WriteFence } from '#lib/kube/write-fence.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import type { NumberCarrier } from './carrier/number-carrier.ts';
import type { EngineMetrics } from './engine/metrics.ts';
import type { RuntimeSettings } from './voice-runtime/pod-template.ts';

/** What an operator is put together from. */
export interface OperatorParts {
  readonly client: KubeClient;
  readonly redis: Redis;
  readonly log: Logger;
  readonly registry: Registry;
  readonly metrics: EngineMetrics;
  readonly clock: Clock;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** Different for every process. */
  readonly identity: string;
  /** See `LeaseElectorOptions`. */
  readonly leaseSeconds?: number;
  readonly installationID: string;
  /** See `ensureMasterKey`. */
  readonly masterKey: Uint8Array;
  /** After how many days generated secrets are rotated. */
  readonly rotationDays: number;
  /** What all Managed VoiceRuntimes' pods are given. */
  readonly runtimeSettings: RuntimeSettings;
  /** The carrier's writes may leave only while the fence is held. */
  readonly makeCarrier: (apiKey: string, fence: WriteFence) => NumberCarrier;
}
