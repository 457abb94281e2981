/** What must be left of a storm on the runtime's side, and the limits that it keeps. */
import { answeredCalls } from './carrier-invariants.ts';
import { harmsRedis, isStrained, type Span } from './evidence.ts';
import type { Invariant } from './invariants.ts';
import { STORM_TENANTS } from './tenants.ts';

export const nothingIsHeld: Invariant = ({ held, callsHeld }) => [
  ...held,
  ...(callsHeld === undefined ? ['a pod does not say what it holds'] : []),
  ...(callsHeld ? [`pods hold ${callsHeld} calls that are over`] : []),
];

export const podsStayUp: Invariant = ({ ends }) => ends.map((pod) => `${pod} ended`);

/** Without Redis a pod admits by what it knows alone: by design it may then pass a tenant's limits. */
export const withinLimits: Invariant = (evidence) => {
  if (harmsRedis(evidence) || isStrained(evidence)) return [];
  return STORM_TENANTS.flatMap(({ id, name, concurrentCalls, callsInSchedule }) => {
    const spans = answeredCalls(evidence)
      .filter(({ tenant }) => tenant.id === id)
      .map(({ carrier }) => ({
        fromMs: carrier.answeredAtMs ?? 0,
        toMs: carrier.hangupAtMs ?? Number.POSITIVE_INFINITY,
      }));
    const most = mostAtOnce(spans);
    return [
      ...(concurrentCalls !== 'Unlimited' && most > concurrentCalls
        ? [`${name} had ${most} calls at once`]
        : []),
      ...(callsInSchedule !== 'Unlimited' && spans.length > callsInSchedule
        ? [`${name} had ${spans.length} calls and may have ${callsInSchedule}`]
        : []),
    ];
  });
};

function mostAtOnce(spans: readonly Span[]): number {
  return Math.max(
    0,
    ...spans.map(({ fromMs }) => spans.filter((span) => span.fromMs <= fromMs && fromMs < span.toMs).length),
  );
}
