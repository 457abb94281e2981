import { messageOf } from '#lib/errors/operating-error.ts';
import { KubeError, kubeErrorOf } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { transportError } from './kube-requests.ts';
import { readLines } from './read-lines.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

/** Whether this bookmark says that a WatchList has shown all there is. */
export function endsInitialEvents({ type, object }: WatchEvent): boolean {
  return type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
}

/**
 * The events of a watch's body. Throws the KubeError that an ERROR event carries, one with reason
 * `MalformedEvent` for a line that is no event, and otherwise what ended the connection.
 */
export async function* watchEvents(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent> {
  try {
    for await (const line of readLines(body)) {
      const event = eventOf(line);
      if (event.type === 'ERROR') throw kubeErrorOf(500, event.object);
      yield event;
    }
  } catch (error) {
    if (error instanceof KubeError) throw error;
    throw error instanceof RangeError ? malformed(error) : transportError(error, signal);
  }
}

function eventOf(line: string): WatchEvent {
  try {
    return JSON.parse(line) as WatchEvent;
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause: unknown): KubeError {
  return new KubeError({
    status: 0,
    reason: 'MalformedEvent',
    message: `A watch sent what is no event: ${messageOf(cause)}`,
    cause,
  });
}
