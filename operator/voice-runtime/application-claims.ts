import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import { digestOf } from '#operator/engine/child-kind.ts';
import type { RawVoiceRuntime } from '#operator/world/raw-objects.ts';

/** The application is another VoiceRuntime's: two with different addresses would change it for ever. */
export class ApplicationTaken extends OperatingError {
  constructor(name: string, connectionID: string, holder: string) {
    super(
      'application_taken',
      `The application ${name} (${connectionID}) is that of the VoiceRuntime ${holder}. ` +
        'Give this one another in spec.telnyx.applicationName, or take the field away: then it gets one of its own.',
    );
  }
}

/** The name of a runtime's application: its spec's, or one that no other runtime of any installation has. */
export function applicationNameOf({ metadata, spec }: VoiceRuntime, installationID: string): string {
  const { applicationName } = spec.telnyx;
  if (applicationName !== undefined) return applicationName;
  return `veralux-${metadata.name}-${digestOf([installationID, metadata.namespace, metadata.name]).slice(0, 12)}`;
}

/**
 * Whose each application is, by the carrier's own id of it, which tells accounts apart too. What this
 * process has given counts first, then what the statuses say; of two with the same the older has it.
 */
export class ApplicationClaims {
  readonly #runtimes: { list(): readonly RawVoiceRuntime[] };
  /** By runtime; as many as there are. */
  readonly #given = new Map<string, string>();

  constructor(runtimes: { list(): readonly RawVoiceRuntime[] }) {
    this.#runtimes = runtimes;
  }

  /** The runtime that has the application, where it is another; otherwise it is this one's from now on. */
  take(connectionID: string, runtime: RawVoiceRuntime): string | undefined {
    const key = keyOf(runtime.metadata);
    const others = this.#runtimes
      .list()
      .filter((other) => keyOf(other.metadata) !== key && this.#has(other, connectionID))
      .toSorted((a, b) => (age(a) < age(b) ? -1 : 1));
    const given = others.find(({ metadata }) => this.#given.has(keyOf(metadata)));
    const [oldest] = others;
    const isOlder = oldest === undefined || (this.#has(runtime, connectionID) && age(runtime) < age(oldest));
    const holder = given ?? (isOlder ? undefined : oldest);
    if (holder !== undefined) {
      this.#given.delete(key);
      return keyOf(holder.metadata);
    }
    this.#given.set(key, connectionID);
    return undefined;
  }

  /** Gives back what the runtime has. */
  free(key: string): void {
    this.#given.delete(key);
  }

  #has({ metadata, status }: RawVoiceRuntime, connectionID: string): boolean {
    if (metadata.deletionTimestamp !== undefined) return false;
    return (this.#given.get(keyOf(metadata)) ?? status?.connectionID) === connectionID;
  }
}

function age({ metadata }: RawVoiceRuntime): string {
  return `${metadata.creationTimestamp ?? ''} ${keyOf(metadata)}`;
}
