import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { EventRecorder } from '#operator/engine/event-recorder.ts';
import { deriveSecret } from '#operator/installation/master-key.ts';
import { Autoscaler } from './autoscaler.ts';
import { NamedSecrets } from './named-secrets.ts';
import type { RuntimeSettings } from './pod-template.ts';
import { Refusals } from './refusals.ts';
import type { ManagedDependencies } from './run-managed.ts';
import { RuntimeWorld, type RuntimeWorldOptions, type SyncingService } from './runtime-world.ts';

export interface ManagedOptions extends Pick<RuntimeWorldOptions, 'onList' | 'onVerified'> {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly masterKey: Uint8Array;
  readonly settings: RuntimeSettings;
  readonly installationID: string;
}

/** What the operator needs to run VoiceRuntimes of mode Managed. */
export interface Managed {
  readonly dependencies: ManagedDependencies;
  /** The caches; the reconciles wait for them. */
  readonly informers: readonly SyncingService[];
  /** Started with the caches; nothing waits for it. */
  readonly service: Service;
}

/** `enqueue` is told the key of every VoiceRuntime that has to be looked at again. */
export function createManaged(
  options: ManagedOptions,
  enqueue: { readonly runtime: (key: string) => void; readonly runtimesIn: (namespace: string) => void },
): Managed {
  const { client, log, events, masterKey, settings, clock } = options;
  const children = new RuntimeWorld(options);
  children.onChange(enqueue.runtime);
  const digestKey = { purpose: 'secret-digests', subject: options.installationID, generation: 1 };
  const secrets = new NamedSecrets({
    client,
    log,
    digestKey: deriveSecret(masterKey, digestKey),
    onChange: enqueue.runtimesIn,
    onRelist: (reason) => options.onList?.(SECRETS.kind, reason),
    onVerified: (missed) => options.onVerified?.(SECRETS.kind, missed),
  });
  const refusals = new Refusals(clock);
  const dependencies = { client, children, secrets, events, refusals, settings, masterKey };
  return {
    dependencies: { ...dependencies, autoscaler: new Autoscaler(clock) },
    informers: children.informers,
    service: secrets,
  };
}
