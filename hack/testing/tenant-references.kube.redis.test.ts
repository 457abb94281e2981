import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, NAMESPACES, SECRETS } from '#lib/kube/resource.ts';
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

/** What a Tenant refers to: tokens of its tools and ConfigMaps, by way of the operator and Redis to the pods. */
const POD_SECRET = 'what all pods are started with, thirty-two';
const TOKEN = 'sesame-1';

let bench: OperatorBench;
let admin: KubeClient;
let operator: RunningOperator;
let tenants: TenantBench;
const logged: string[] = [];

beforeAll(async () => {
  // From before the admission policies, which refuse it.
  const makeForeign = (cluster: KubeClient) =>
    cluster.create<KubeObject>(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'tenant-tt-guest' },
    });
  bench = await OperatorBench.open(async (cluster) => void (await makeForeign(cluster)));
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
const elsewhere = { ...booking, url: 'https://tools.example.net/' };
const defaults = { parameters: [], timeoutSeconds: 10 };
const book = { ...booking, ...defaults, secretRef: { name: 'booking', key: 'token' } };
const movedBook = { ...book, url: elsewhere.url };

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
  const profiles = new CallProfiles({ routing, toolTokens, log });
  return {
    tokenOf: (tenantID: string, use = book) => toolTokens.tokenOf(tenantID, use),
    knows: async (tenantID: string) => (await profiles.of(tenantID))?.knowledge,
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
  await bench.applyTenant(name, { tools: [tool('open'), elsewhere] });
  await vi.waitFor(async () => expect(await pod.tokenOf(id, movedBook)).toBe(TOKEN), WAIT);
  expect(await pod.tokenOf(id)).toBeUndefined();
  await bench.applyTenant(name, { tools: [tool('open')] });
  await vi.waitFor(async () => expect(await pod.tokenOf(id, movedBook)).toBeUndefined(), WAIT);
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

test('what a ConfigMap tells reaches calls, follows it within seconds, and goes with it', async () => {
  const name = 'tt-facts';
  const pod = podWith(POD_SECRET);
  const hours = { title: 'Hours', text: 'Nine to five.' };
  const spec = { knowledge: [hours], knowledgeFrom: [{ name: 'facts' }] };
  const namespace = await tenants.make(name, spec);
  const id = await idOf(name);
  const tell = (data: object) => bench.apply(CONFIG_MAPS, { namespace, name: 'facts' }, { data });
  const told = (...articles: object[]) =>
    vi.waitFor(async () => expect(await pod.knows(id)).toEqual([hours, ...articles]), WAIT);

  const missing = await bench.until(TENANT, { name }, 'ReferencesResolved', 'ConfigMapNotFound');
  expect(conditionOf(missing, 'ReferencesResolved')?.message).toContain('spec.knowledgeFrom[facts]: ');
  await tell({ parking: 'Behind the house.' });
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'Resolved');
  await told({ title: 'parking', text: 'Behind the house.' });
  await tell({ parking: 'Before the house.' });
  await told({ title: 'parking', text: 'Before the house.' });
  await tell({ parking: 'x'.repeat(8_193) });
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'KnowledgeTooLarge');
  await told();
  await tell({ parking: 'Before the house.' });
  await told({ title: 'parking', text: 'Before the house.' });
  await bench.applyTenant(name, { knowledge: [hours] });
  await vi.waitFor(
    async () =>
      expect(await bench.redis.hexists(projectionKeys.tenantKnowledge(id), PROJECTED_FIELDS.value)).toBe(0),
    WAIT,
  );
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'Resolved');
});

test('nothing is read in a namespace of the name that was not made for the Tenant', async () => {
  const name = 'tt-guest';
  const pod = podWith(POD_SECRET);
  await putToken(`tenant-${name}`, TOKEN);
  await bench.applyTenant(name, { tools: [booking] });
  await bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceTaken');
  await bench.until(TENANT, { name }, 'ReferencesResolved', 'SecretNotFound');
  expect(await pod.tokenOf(await idOf(name))).toBeUndefined();
});
