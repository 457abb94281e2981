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

const answerSchema = z.object({
  pod: z.string(),
  calls: z.record(z.string(), z.number()),
  /** Whether Redis took its last heartbeat; absent from pods of the last release. */
  hasRedis: z.boolean().optional(),
});

/** A pod of the runtime, and the base URL at which others reach it. */
export interface PodAddress {
  readonly pod: string;
  readonly address: string;
}

export interface PodAnswer {
  readonly calls: HeldCalls;
  readonly hasRedis: boolean;
}

export interface ProbeOptions {
  readonly callTokenSecret: string;
  readonly clock: Clock;
}

/** Answers another pod of the runtime; 401 to everybody else, and to one that means another pod. */
export function heldCallsRoute(
  options: ProbeOptions & {
    readonly pod: string;
    readonly held: () => HeldCalls;
    readonly hasRedis: () => boolean;
  },
): (request: IncomingMessage, response: ServerResponse) => void {
  const { pod, held, hasRedis, callTokenSecret: secret, clock } = options;
  return (request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!verifyProbe(token, pod, { secret, nowMs: clock.now() })) {
      sendProblem(response, { status: 401, code: 'not_a_pod', title: 'Only pods of this runtime may ask.' });
      return;
    }
    const calls = Object.fromEntries(held());
    const answer = { pod, calls, hasRedis: hasRedis() } satisfies z.input<typeof answerSchema>;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
}

/**
 * Asks the pod at `address` which calls it holds, and whether it has Redis. Undefined: there is no such
 * pod at that address, or it does not answer within half a second. Never throws.
 */
export async function askPod(
  { pod, address }: PodAddress,
  { callTokenSecret, clock }: ProbeOptions,
): Promise<PodAnswer | undefined> {
  const ending = new AbortController();
  const cancel = clock.after(ANSWER_MS, () => ending.abort());
  try {
    const response = await fetch(`${address}${HELD_CALLS_PATH}`, {
      headers: { authorization: `Bearer ${signProbe(pod, callTokenSecret, clock.now())}` },
      signal: ending.signal,
    });
    const answer = answerSchema.safeParse(await response.json());
    if (!response.ok || !answer.success || answer.data.pod !== pod) return undefined;
    const { calls, hasRedis = false } = answer.data;
    return { calls: new Map(Object.entries(calls)), hasRedis };
  } catch {
    // Refused, cut off, too late, or no JSON: whatever is there is not the pod.
    return undefined;
  } finally {
    cancel();
  }
}
