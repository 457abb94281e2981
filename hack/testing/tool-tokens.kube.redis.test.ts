import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { createLogger } from '#lib/log/logger.ts';
import { CallProfiles } from '#runtime/admission/call-profiles.ts';
import { Routing } from '#runtime/admission/routing.ts';
import { ToolTokens } from '#runtime/tools/tool-tokens.ts';
import {
  conditionOf,
  externalRuntimeSpec,
  OperatorBench,
  RUNTIME,
  type RunningOperator,
  WAIT,
} from './operator-bench.ts';
import { flushAll } from './redis-topology.ts';
import { TenantBench } from './tenant-bench.ts';

/** The token of a tenant's tool, from its Secret by way of the operator and Redis to the pod that calls the tool. */
const POD_SECRET = 'what all pods are started with, thirty-two';
const TOKEN = 'sesame-1';

let bench: OperatorBench;
let admin: KubeClient;
let operator: RunningOperator;
let tenants: TenantBench;
const logged: string[] = [];

beforeAll(async () => {
  bench = await OperatorBench.open();
  admin = bench.admin;
  tenants = new TenantBench(bench);
  operator = await bench.startOperator();
  await bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
});

afterAll(async () => {
  await operator.stop();
  await bench.close();
});

const tool = (name: string) => ({ name, description: 'Any.', url: 'https://tools.example.com/' });
const booking = { ...tool('book'), secretRef: { name: 'booking' } };

async function putToken(namespace: string, token: string): Promise<void> {
  await bench.apply(SECRETS, { namespace, name: 'booking' }, { stringData: { token } });
}

async function nameCallTokens(secret: string | undefined): Promise<void> {
  const spec = externalRuntimeSpec(RUNTIME.name);
  const callTokens = secret === undefined ? {} : { callTokens: { secretRef: { name: secret } } };
  await bench.apply(VOICE_RUNTIME, RUNTIME, { spec: { ...spec, ...callTokens } });
}

/** As a pod has it that was started with this CALL_TOKEN_SECRET. */
function podWith(callTokenSecret: string) {
  const log = createLogger('pod', 'trace', { write: (line) => void logged.push(line) });
  const routing = new Routing({ redis: bench.redis, log, away: () => false, clock: systemClock });
  const toolTokens = new ToolTokens({ routing, callTokenSecret, log });
  const profiles = new CallProfiles({ routing, toolTokens });
  return {
    tokenOf: (tenantID: string) => toolTokens.tokenOf(tenantID, 'book'),
    offered: async (tenantID: string) => (await profiles.of(tenantID))?.tools.map(({ name }) => name),
  };
}

async function idOf(name: string): Promise<string> {
  const tenant = await bench.until(TENANT, { name }, 'ProfileProjected', 'Projected');
  return String(tenant.status?.['tenantID']);
}

test('a token reaches the pods of its runtime and nobody else, follows its Secret, and goes with the tool', async () => {
  const name = 'tt-book';
  const pod = podWith(POD_SECRET);
  const namespace = await tenants.make(name, { tools: [tool('open'), booking] });
  const id = await idOf(name);
  const missing = await bench.until(TENANT, { name }, 'ReferencesResolved', 'SecretNotFound');
  expect(conditionOf(missing, 'ReferencesResolved')?.message).toContain(
    'spec.tools[book].secretRef: there is no Secret booking in tenant-tt-book',
  );
  expect(conditionOf(missing, 'Ready')).toMatchObject({ status: 'False' });
  expect(await pod.offered(id)).toEqual(['open']);

  // The VoiceRuntime runs elsewhere, and nobody has said yet what its pods were started with.
  await putToken(namespace, TOKEN);
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'RuntimeSecretMissing');
  await bench.apply(
    SECRETS,
    { namespace: RUNTIME.namespace, name: 'calls' },
    { stringData: { callTokenSecret: POD_SECRET } },
  );
  await nameCallTokens('calls');
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'Resolved');
  expect([await pod.offered(id), await pod.tokenOf(id)]).toEqual([['open', 'book'], TOKEN]);
  expect(await podWith('another secret').tokenOf(id)).toBeUndefined();

  await putToken(namespace, 'sesame-2');
  await vi.waitFor(async () => expect(await pod.tokenOf(id)).toBe('sesame-2'), WAIT);
  await admin.delete(SECRETS, { namespace, name: 'booking' });
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'SecretNotFound');
  expect([await pod.offered(id), await pod.tokenOf(id)]).toEqual([['open'], undefined]);

  await putToken(namespace, TOKEN);
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'Resolved');
  await bench.applyTenant(name, { tools: [tool('open')] });
  await vi.waitFor(async () => expect(await pod.tokenOf(id)).toBeUndefined(), WAIT);
  expect(await bench.redis.hkeys(projectionKeys.tenantTools(id))).not.toContain(PROJECTED_FIELDS.value);
});

test('a token comes back when Redis was emptied, is in no status and in no log, and ends with its Tenant', async () => {
  const name = 'tt-lost';
  const pod = podWith(POD_SECRET);
  await nameCallTokens('calls');
  const namespace = await tenants.make(name, { tools: [booking] });
  const id = await idOf(name);
  await putToken(namespace, TOKEN);
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'Resolved');
  await flushAll(bench.redis);
  await bench.reportPod();
  await vi.waitFor(async () => expect(await pod.tokenOf(id)).toBe(TOKEN), WAIT);

  const everything = await bench.redis.hgetall(projectionKeys.tenantTools(id));
  const status = await admin.get(TENANT, { name });
  const events = await tenants.eventsOn(name);
  expect(JSON.stringify([everything, status, events, logged])).not.toContain('sesame');
  await admin.delete(TENANT, { name });
  await vi.waitFor(async () => expect(await admin.get(TENANT, { name })).toBeUndefined(), WAIT);
  // The fence alone.
  const left = await bench.redis.hkeys(projectionKeys.tenantTools(id));
  expect(left.toSorted()).toEqual(['sequence', 'term']);
});
