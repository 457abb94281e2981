import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { VoiceRuntimeSpec } from '#crds/voice-runtime/voice-runtime.ts';
import type { Clock } from '#lib/clock/clock.ts';

type Autoscaling = NonNullable<VoiceRuntimeSpec['autoscaling']>;

export interface SizeRequest {
  readonly autoscaling: Autoscaling;
  /** What the pods last said; undefined while Redis cannot be asked. */
  readonly reports: readonly PodHeartbeat[] | undefined;
  /** Pods that Kubernetes holds ready. */
  readonly readyReplicas: number;
  /** How many there should be by the last decision; undefined before the first. */
  readonly present: number | undefined;
}

/** How long fewer pods must have been enough: calls come in waves, and a pod takes a while to come back. */
const STABILISATION_MS = 300_000;

interface Wish {
  readonly atMs: number;
  readonly replicas: number;
}

/**
 * Sizes runtimes by the calls that their serving pods hold: up at once, down to the most that was
 * wanted within five minutes. CPU says nothing here, a call waits most of its time.
 */
export class Autoscaler {
  readonly #clock: Clock;
  /** By runtime: wishes of the last five minutes, ever smaller from the oldest to the newest. */
  readonly #wishes = new Map<string, readonly Wish[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many pods there should be now. */
  size(key: string, request: SizeRequest): number {
    const { minReplicas, maxReplicas } = request.autoscaling;
    const clamp = (replicas: number) => Math.min(maxReplicas, Math.max(minReplicas, replicas));
    const nowMs = this.#clock.monotonic();
    const present = clamp(request.present ?? minReplicas);
    // A new process does not know what was wanted before: it takes the present size for that.
    const before = this.#wishes.get(key) ?? [{ atMs: nowMs, replicas: present }];
    const wish = { atMs: nowMs, replicas: clamp(wantedReplicas(request, present)) };
    const wishes = [
      ...before.filter(({ atMs, replicas }) => nowMs - atMs < STABILISATION_MS && replicas > wish.replicas),
      wish,
    ];
    this.#wishes.set(key, wishes);
    return clamp(wishes[0]?.replicas ?? present);
  }

  forget(key: string): void {
    this.#wishes.delete(key);
  }
}

/**
 * ceil(calls / target) over the pods that serve: calls on draining ones end where they are. Where not
 * every ready pod was heard of, the calls are a lower bound and nothing shrinks.
 */
function wantedReplicas({ autoscaling, reports, readyReplicas }: SizeRequest, present: number): number {
  const serving = (reports ?? []).filter(({ state }) => state === 'Serving');
  const calls = serving.reduce((sum, pod) => sum + pod.calls, 0);
  const wanted = Math.ceil(calls / autoscaling.targetCallsPerReplica);
  const isWhole = serving.length > 0 && serving.length >= readyReplicas;
  return isWhole ? wanted : Math.max(wanted, present);
}
