import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import {
  conditionOf,
  OperatorBench,
  RUNTIME,
  type RunningOperator,
  SYSTEM,
  WAIT,
} from '#hack/testing/operator-bench.ts';
import { TenantBench } from '#hack/testing/tenant-bench.ts';
import type { ObjectRef } from '#lib/kube/kube-object.ts';
import { DEPLOYMENTS, NAMESPACES, NETWORK_POLICIES, type Resource, SERVICES } from '#lib/kube/resource.ts';

/** The annotation `veralux.io/paused` on objects of a whole operator. */
let bench: OperatorBench;
let tenants: TenantBench;
let operator: RunningOperator;

beforeAll(async () => {
  bench = await OperatorBench.open();
  tenants = new TenantBench(bench);
  operator = await bench.startOperator();
}, 120_000);

afterAll(async () => {
  await operator.stop();
  await bench.close();
});

async function annotate(resource: Resource, ref: ObjectRef, value: 'true' | null): Promise<void> {
  const patch = { metadata: { annotations: { 'veralux.io/paused': value } } };
  await bench.admin.mergePatch(resource, ref, patch, { fieldManager: 'kubectl-annotate' });
}

async function pause(resource: Resource, ref: ObjectRef): Promise<void> {
  await annotate(resource, ref, 'true');
  const shown = await bench.until(resource, ref, 'Paused', 'Paused');
  expect(conditionOf(shown, 'Paused')).toMatchObject({ status: 'True' });
}

async function eventually(look: () => Promise<void>): Promise<void> {
  await vi.waitFor(look, WAIT);
}

/** The Events that say so, on objects of this name. */
async function pausesOf(name: string): Promise<readonly string[]> {
  const prefix = 'Paused ';
  return (await tenants.eventsOn(name)).filter((event) => event.startsWith(prefix));
}

describe('a paused Tenant', () => {
  const ref = { name: 'pause-spec' };
  const policy = { namespace: 'tenant-pause-spec', name: 'allow-dns' };

  test('is left as it is, and brought up to date when it is paused no longer', async () => {
    await tenants.make(ref.name);
    const before = await bench.until(TENANT, ref, 'ProfileProjected', 'Projected');
    await pause(TENANT, ref);
    await bench.applyTenant(ref.name, { displayName: 'changed meanwhile' });
    await bench.admin.delete(NETWORK_POLICIES, policy);
    // What came after has been done: so would this have been.
    await tenants.make('pause-spec-after');
    await bench.fullPass();
    expect(await bench.profileOf(before)).toMatchObject({ displayName: ref.name });
    expect(await bench.admin.get(NETWORK_POLICIES, policy)).toBeUndefined();

    await annotate(TENANT, ref, null);
    await bench.until(TENANT, ref, 'Paused', 'NotPaused');
    await eventually(async () => {
      expect(await bench.profileOf(before)).toMatchObject({ displayName: 'changed meanwhile' });
      expect(await bench.admin.get(NETWORK_POLICIES, policy)).toBeDefined();
    });
    expect(await pausesOf(ref.name)).toHaveLength(1);
  });

  test('that is deleted stays until it is paused no longer', async () => {
    const name = 'pause-end';
    const namespace = await tenants.make(name);
    const before = await bench.until(TENANT, { name }, 'ProfileProjected', 'Projected');
    await pause(TENANT, { name });
    await bench.admin.delete(TENANT, { name });
    await tenants.make('pause-end-after');
    await bench.fullPass();
    expect((await bench.admin.get(TENANT, { name }))?.metadata.deletionTimestamp).toBeDefined();
    expect(
      (await bench.admin.get(NAMESPACES, { name: namespace }))?.metadata.deletionTimestamp,
    ).toBeUndefined();
    expect(await bench.profileOf(before)).toMatchObject({ name });

    await annotate(TENANT, { name }, null);
    await eventually(async () => {
      expect(await bench.admin.get(TENANT, { name })).toBeUndefined();
      expect(await bench.admin.get(NAMESPACES, { name: namespace })).toBeUndefined();
      expect(await bench.profileOf(before)).toBeUndefined();
    });
    expect(await pausesOf(name)).toHaveLength(1);
  }, 60_000);
});

describe('a paused VoiceRuntime', () => {
  function applyRuntime(name: string, replicas: number): Promise<void> {
    const telnyx = { secretRef: { name: RUNTIME.name }, applicationName: name };
    const endpoint = { mediaURL: 'wss://voice.test', webhookURL: 'https://voice.test/webhooks/telnyx' };
    const engines = {
      stt: { type: 'Whisper', endpoint: 'http://whisper.test:8000' },
      tts: { type: 'Kokoro', endpoint: 'http://kokoro.test:8880' },
    };
    return bench.apply(
      VOICE_RUNTIME,
      { namespace: SYSTEM, name },
      { spec: { mode: 'Managed', replicas, endpoint, telnyx, engines } },
    );
  }

  function untilDeployed(name: string, replicas: number): Promise<void> {
    return eventually(async () => {
      const deployment = await bench.admin.get(DEPLOYMENTS, { namespace: SYSTEM, name });
      expect(deployment).toMatchObject({ spec: { replicas } });
    });
  }

  test('keeps its pods as they are, and is brought up to date when it is paused no longer', async () => {
    const ref = { namespace: SYSTEM, name: 'pause-vr' };
    await applyRuntime(ref.name, 1);
    await untilDeployed(ref.name, 1);
    await pause(VOICE_RUNTIME, ref);
    await applyRuntime(ref.name, 3);
    await bench.admin.delete(SERVICES, ref);
    await applyRuntime('pause-vr-after', 2);
    await untilDeployed('pause-vr-after', 2);
    expect(await bench.admin.get(DEPLOYMENTS, ref)).toMatchObject({ spec: { replicas: 1 } });
    expect(await bench.admin.get(SERVICES, ref)).toBeUndefined();

    await annotate(VOICE_RUNTIME, ref, null);
    await bench.until(VOICE_RUNTIME, ref, 'Paused', 'NotPaused');
    await untilDeployed(ref.name, 3);
    await eventually(async () => expect(await bench.admin.get(SERVICES, ref)).toBeDefined());
    expect(await pausesOf(ref.name)).toHaveLength(1);
  });

  test('stays paused over a restart of the operator, without another Event', async () => {
    const ref = { namespace: SYSTEM, name: 'pause-restart' };
    await applyRuntime(ref.name, 1);
    await untilDeployed(ref.name, 1);
    await pause(VOICE_RUNTIME, ref);
    await eventually(async () => expect(await pausesOf(ref.name)).toHaveLength(1));
    await operator.stop();
    await applyRuntime(ref.name, 2);
    operator = await bench.startOperator();
    await applyRuntime('pause-restart-after', 2);
    await untilDeployed('pause-restart-after', 2);
    expect(await bench.admin.get(DEPLOYMENTS, ref)).toMatchObject({ spec: { replicas: 1 } });
    expect(await pausesOf(ref.name)).toHaveLength(1);
    await annotate(VOICE_RUNTIME, ref, null);
    await untilDeployed(ref.name, 2);
  }, 60_000);
});
