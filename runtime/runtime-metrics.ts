import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from '#lib/metrics/registry.ts';

export type RuntimeMetrics = ReturnType<typeof createRuntimeMetrics>;

/** The call path's metrics. Labels are bounded sets of our own words: never a call, number or text. */
export function createRuntimeMetrics(registry: Registry) {
  const registers = [registry];
  return {
    calls: new Gauge({ name: 'veralux_calls', help: 'Calls whose media this pod holds.', registers }),
    callsByState: new Gauge({
      name: 'veralux_calls_by_state',
      help: "Calls with a slot on this pod, as of the pod's last look at its slots.",
      labelNames: ['state'],
      registers,
    }),
    webhooks: new Counter({
      name: 'veralux_webhooks_total',
      help: "The carrier's webhooks by event and what became of them.",
      labelNames: ['event', 'outcome'],
      registers,
    }),
    admissions: new Counter({
      name: 'veralux_admissions_total',
      help: 'Answers to call.initiated: Admitted, or why not.',
      labelNames: ['outcome'],
      registers,
    }),
    transitions: new Counter({
      name: 'veralux_call_transitions_total',
      help: 'Stored transitions of calls.',
      labelNames: ['event', 'to'],
      registers,
    }),
    settled: new Counter({
      name: 'veralux_calls_settled_total',
      help: 'Calls settled by this pod, by the reason they ended.',
      labelNames: ['reason'],
      registers,
    }),
    overdue: new Counter({
      name: 'veralux_calls_overdue_total',
      help: 'Calls driven on because a deadline had passed.',
      labelNames: ['state'],
      registers,
    }),
    notDriven: new Counter({
      name: 'veralux_calls_not_driven_total',
      help: 'Commands of calls left to their deadline because too many were under way.',
      registers,
    }),
    connectionsRefused: new Counter({
      name: 'veralux_connections_refused_total',
      help: 'Connections that were closed at once because too many were open, in all or from one address.',
      registers,
    }),
    mediaUpgrades: new Counter({
      name: 'veralux_media_upgrades_total',
      help: 'Media sockets by the answer to their upgrade.',
      labelNames: ['outcome'],
      registers,
    }),
    ...carrierMetrics(registers),
    ...ledgerMetrics(registers),
  };
}

function carrierMetrics(registers: Registry[]) {
  return {
    carrierCommands: new Counter({
      name: 'veralux_carrier_commands_total',
      help: 'Commands to the carrier by step and result, retries counted as one.',
      labelNames: ['step', 'result'],
      registers,
    }),
    carrierThrottled: new Counter({
      name: 'veralux_carrier_throttled_total',
      help: 'Requests that the carrier refused for its rate limit; each is sent again.',
      labelNames: ['step'],
      registers,
    }),
    carrierWaiting: new Gauge({
      name: 'veralux_carrier_waiting_requests',
      help: "Requests that wait for the carrier's rate limit.",
      registers,
    }),
    carrierCommandSeconds: new Histogram({
      name: 'veralux_carrier_command_duration_seconds',
      help: 'From a command to its final result, retries included.',
      labelNames: ['step'],
      buckets: [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5],
      registers,
    }),
  };
}

function ledgerMetrics(registers: Registry[]) {
  return {
    ledgerQueue: new Gauge({
      name: 'veralux_ledger_queue_events',
      help: 'Ledger events of this pod that Redis has not taken yet.',
      registers,
    }),
    ledgerTail: new Gauge({
      name: 'veralux_ledger_tail_events',
      help: 'Ledger events of this pod that are in Redis and not known to be in Postgres.',
      registers,
    }),
    ledgerTailDropped: new Counter({
      name: 'veralux_ledger_tail_dropped_events_total',
      help: 'Such events that this pod could keep no longer: if Redis loses its data now, they are lost.',
      registers,
    }),
    stuckCalls: new Counter({
      name: 'veralux_stuck_calls_total',
      help: 'Calls that were not at the carrier as they were recorded, by what was done.',
      labelNames: ['outcome'],
      registers,
    }),
    redisLosses: new Counter({
      name: 'veralux_redis_losses_total',
      help: 'Shards in which Redis may have lost writes, and to which this pod brought back what it knew.',
      registers,
    }),
    ledgerDropped: new Counter({
      name: 'veralux_ledger_dropped_events_total',
      help: 'Ledger events given up because the queue was full: must stay 0.',
      registers,
    }),
  };
}
