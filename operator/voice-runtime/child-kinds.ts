import {
  DEPLOYMENTS,
  NETWORK_POLICIES,
  PERSISTENT_VOLUME_CLAIMS,
  POD_DISRUPTION_BUDGETS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '#lib/kube/resource.ts';
import type { ChildKind, Fields } from '#operator/engine/child-kind.ts';

/**
 * The kinds that a Managed VoiceRuntime is made of, and which of their fields the operator owns whole.
 * What the API server fills in by itself is left out on both sides, so that only what people change
 * counts as a difference.
 */
export const RUNTIME_CHILD_KINDS: readonly ChildKind[] = [
  {
    resource: SERVICE_ACCOUNTS,
    owned: ({ automountServiceAccountToken }) => ({ automountServiceAccountToken }),
    replaceable: true,
  },
  { resource: SECRETS, owned: ({ type, data }) => ({ type, data }), replaceable: true },
  { resource: SERVICES, owned: ({ spec }) => ({ spec: plain(without(spec, ALLOCATED)) }), replaceable: true },
  { resource: POD_DISRUPTION_BUDGETS, owned: ({ spec }) => ({ spec: plain(spec) }), replaceable: true },
  { resource: NETWORK_POLICIES, owned: ({ spec }) => ({ spec: plain(spec) }), replaceable: true },
  // Only made: a volume cannot be changed, and what it holds is only fetched again at a price.
  { resource: PERSISTENT_VOLUME_CLAIMS, owned: () => ({}), replaceable: false },
  { resource: DEPLOYMENTS, owned: ({ spec }) => ({ spec: plain(spec) }), replaceable: true },
];

/** What a Service is given by the cluster. */
const ALLOCATED = new Set(['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']);

/** The defaults of apps/v1, core/v1 and policy/v1 for the fields that our objects leave out. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  apiVersion: ['v1'],
  creationTimestamp: [null],
  defaultMode: [420],
  dnsPolicy: ['ClusterFirst'],
  failureThreshold: [3],
  internalTrafficPolicy: ['Cluster'],
  periodSeconds: [10],
  progressDeadlineSeconds: [600],
  protocol: ['TCP'],
  restartPolicy: ['Always'],
  revisionHistoryLimit: [10],
  scheme: ['HTTP'],
  schedulerName: ['default-scheduler'],
  sessionAffinity: ['None'],
  successThreshold: [1],
  terminationMessagePath: ['/dev/termination-log'],
  terminationMessagePolicy: ['File'],
  timeoutSeconds: [1],
  type: ['ClusterIP'],
  value: [''],
};

/** The pods' old name of their service account, and what `kubectl rollout restart` sets: people may. */
const IGNORED = new Set(['serviceAccount', 'kubectl.kubernetes.io/restartedAt']);

/** Below these, values are quantities: 1024Mi is the same as 1Gi. */
const AMOUNTS = new Set(['requests', 'limits']);

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(
    ([name, field]) => !IGNORED.has(name) && !(DEFAULTS[name]?.includes(field) ?? false),
  );
  return Object.fromEntries(
    kept.map(([name, field]) => [name, AMOUNTS.has(name) ? amounts(field) : plain(field)]),
  );
}

function amounts(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, amount]) => [name, canonicalAmount(amount)]));
}

const MULTIPLIERS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity as a number in text; what is none is left as it is. */
export function canonicalAmount(amount: unknown): unknown {
  const [, digits, suffix = ''] = /^([0-9.]+)([numkMGTPE]i?)?$/.exec(String(amount)) ?? [];
  const multiplier = MULTIPLIERS[suffix];
  if (digits === undefined || multiplier === undefined) return amount;
  return String(Number((Number(digits) * multiplier).toPrecision(12)));
}

function without(value: unknown, names: ReadonlySet<string>): unknown {
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value as Fields).filter(([name]) => !names.has(name)));
}
