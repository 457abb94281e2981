import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import { digestOf } from '#operator/engine/child-kind.ts';
import { type ChildResult, ensureChild, ForeignObject } from '#operator/engine/ensure-child.ts';
import type { EventRecorder } from '#operator/engine/event-recorder.ts';
import { UnchangeableChild } from '#operator/engine/make-anew.ts';
import { contestedMessage } from '#operator/world/contested-message.ts';
import type { DesiredChild } from './engines/engine-plan.ts';
import type { Refusals } from './refusals.ts';
import type { RuntimeWorld } from './runtime-world.ts';

export interface EnsureChildrenRequest {
  readonly runtime: VoiceRuntime;
  readonly desired: readonly DesiredChild[];
  /** Children (kind and name) that are neither made nor removed now. */
  readonly untouched: readonly { readonly kind: string; readonly name: string }[];
  /** Whether all children were made before: a missing one was then deleted by hand. */
  readonly wereThere: boolean;
  readonly client: KubeClient;
  readonly children: RuntimeWorld;
  readonly events: EventRecorder;
  readonly refusals: Refusals;
  readonly signal: AbortSignal;
}

/** The cluster's answers that only a change of the spec, the cluster's rules or its rights will mend. */
const REFUSALS = ['Invalid', 'Forbidden', 'BadRequest'];

/**
 * Brings the children of a VoiceRuntime to what is wanted and removes those that are not wanted any
 * more. Result: a sentence for each that the cluster refused. Throws what trying again may mend.
 */
export async function ensureChildren(request: EnsureChildrenRequest): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const child of request.desired) {
    const refusal = await ensureOne(child, request);
    if (refusal !== undefined) refused.push(refusal);
  }
  return [...refused, ...(await removeUnwanted(request))];
}

function ensureOne(child: DesiredChild, request: EnsureChildrenRequest): Promise<string | undefined> {
  const { resource, desired } = child;
  const what = `${resource.kind} ${desired.metadata.name}`;
  const asked = { runtime: keyOf(request.runtime.metadata), what, wish: digestOf(desired) };
  return request.refusals.unlessRefused(asked, () => askFor(child, request));
}

async function askFor(
  { resource, desired }: DesiredChild,
  { runtime, wereThere, client, children, events, signal }: EnsureChildrenRequest,
): Promise<string | undefined> {
  const named = `${resource.kind} ${desired.metadata.name}`;
  try {
    const cache = children.cacheOf(resource);
    const result = await ensureChild({ client, cache, desired, wasThere: wereThere, signal });
    tell(result, named);
    return result.outcome === 'Contested' ? contestedMessage(named, result.changedBy) : undefined;
  } catch (error) {
    if (error instanceof ForeignObject || error instanceof UnchangeableChild) return error.message;
    return refusalIn(error, named);
  }

  function tell({ outcome, changedBy }: ChildResult, child: string): void {
    if (outcome === 'Restored') {
      events.record(runtime, {
        type: 'Warning',
        reason: 'ChildRestored',
        message: `${child} was deleted and is there again.`,
      });
    } else if (outcome === 'Corrected') {
      const by = changedBy === undefined ? '' : ` by ${changedBy}`;
      events.record(runtime, {
        type: 'Warning',
        reason: 'ChildCorrected',
        message: `${child} was changed${by} and is as it was again.`,
      });
    }
  }
}

/** The sentence of a refusal; what trying again may mend is thrown on. */
function refusalIn(error: unknown, what: string): string {
  if (!hasReason(error, ...REFUSALS)) throw error;
  return `${what}: ${messageOf(error)}`;
}

/** Removes the children of what the spec does not ask for any more; a sentence for each that it may not. */
async function removeUnwanted(request: EnsureChildrenRequest): Promise<readonly string[]> {
  const { runtime, desired, untouched, client, children, refusals, signal } = request;
  const key = keyOf(runtime.metadata);
  const wanted = new Set([
    ...desired.map(({ resource, desired: { metadata } }) => `${resource.kind} ${metadata.name}`),
    ...untouched.map(({ kind, name }) => `${kind} ${name}`),
  ]);
  const refused: string[] = [];
  for (const { cache, child } of children.childrenOf(key)) {
    const { resource } = cache.kind;
    const { name, namespace, uid, deletionTimestamp } = child.metadata;
    if (wanted.has(`${resource.kind} ${name}`) || deletionTimestamp !== undefined) continue;
    if (uid === undefined) continue;
    const what = `${resource.kind} ${name} is not wanted any more`;
    const refusal = await refusals.unlessRefused({ runtime: key, what, wish: uid }, async () => {
      try {
        await client.delete(resource, { name, namespace }, { preconditions: { uid }, signal });
        return undefined;
      } catch (error) {
        return refusalIn(error, what);
      }
    });
    if (refusal !== undefined) refused.push(refusal);
  }
  return refused;
}
