import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';
import { sendProblem } from '#lib/http/problem.ts';
import { signProbe, verifyProbe } from './probe-token.ts';

/** Where a pod says which calls it holds. */
export const HELD_CALLS_PATH = '/calls/held';
/** A pod answers within milliseconds; callers of a dead one wait meanwhile. */
const ANSWER_MS = 500;

/** The generation of the stream that is held, by call id. */
export type HeldCalls = ReadonlyMap<string, number>;

const answerSchema = z.object({ pod: z.string(), calls: z.record(z.string(), z.number()) });

export interface ProbeOptions {
  readonly callTokenSecret: string;
  readonly clock: Clock;
}

/** Answers another pod of the runtime; 401 to everybody else, and to one that means another pod. */
export function heldCallsRoute(
  options: ProbeOptions & { readonly pod: string; readonly held: () => HeldCalls },
): (request: IncomingMessage, response: ServerResponse) => void {
  const { pod, held, callTokenSecret: secret, clock } = options;
  return (request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!verifyProbe(token, pod, { secret, nowMs: clock.now() })) {
      sendProblem(response, { status: 401, code: 'not_a_pod', title: 'Only pods of this runtime may ask.' });
      return;
    }
    const answer = { pod, calls: Object.fromEntries(held()) } satisfies z.input<typeof answerSchema>;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
}

/**
 * Asks the pod at `address` which calls it holds. Undefined: there is no such pod at that address, or
 * it does not answer within half a second. Never throws.
 */
export async function askForHeldCalls(
  { pod, address }: { readonly pod: string; readonly address: string },
  { callTokenSecret, clock }: ProbeOptions,
): Promise<HeldCalls | undefined> {
  const ending = new AbortController();
  const cancel = clock.after(ANSWER_MS, () => ending.abort());
  try {
    const response = await fetch(`${address}${HELD_CALLS_PATH}`, {
      headers: { authorization: `Bearer ${signProbe(pod, callTokenSecret, clock.now())}` },
      signal: ending.signal,
    });
    const answer = answerSchema.safeParse(await response.json());
    if (!response.ok || !answer.success || answer.data.pod !== pod) return undefined;
    return new Map(Object.entries(answer.data.calls));
  } catch {
    // Refused, cut off, too late, or no JSON: whatever is there is not the pod.
    return undefined;
  } finally {
    cancel();
  }
}
