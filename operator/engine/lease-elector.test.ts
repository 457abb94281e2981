import { describe, expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { LeaseElector, LeaseLost } from './lease-elector.ts';

interface StoredLease extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** One Lease with the API server's rule: a patch with an old resourceVersion is a conflict. */
class LeaseStore {
  lease: StoredLease | undefined;
  isAway = false;
  #version = 0;

  async get<T extends KubeObject>(): Promise<T | undefined> {
    this.#answer();
    return this.lease as T | undefined;
  }

  async create<T extends KubeObject>(_resource: unknown, object: T): Promise<T> {
    this.#answer();
    if (this.lease !== undefined) throw new KubeError({ status: 409, reason: 'AlreadyExists', message: '' });
    return this.write((object as unknown as StoredLease).spec) as unknown as T;
  }

  async mergePatch<T extends KubeObject>(_resource: unknown, _ref: unknown, patch: unknown): Promise<T> {
    this.#answer();
    const { metadata, spec } = patch as StoredLease;
    if (metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
      throw new KubeError({ status: 409, reason: 'Conflict', message: '' });
    }
    return this.write(spec) as unknown as T;
  }

  /** As somebody else would write it. */
  write(spec: Readonly<Record<string, unknown>>): StoredLease {
    this.#version += 1;
    this.lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'operator', namespace: 'ns', resourceVersion: String(this.#version) },
      spec: { ...this.lease?.spec, ...spec },
    };
    return this.lease;
  }

  #answer(): void {
    if (this.isAway) throw new KubeError({ status: 0, reason: 'Unreachable', message: 'away' });
  }
}

/** A clock whose times can jump without a timer having fired, as those of a stopped process do. */
class JumpingClock extends FakeClock {
  wallJumpMs = 0;
  monotonicJumpMs = 0;

  override now(): number {
    return super.now() + this.wallJumpMs;
  }

  override monotonic(): number {
    return super.monotonic() + this.monotonicJumpMs;
  }

  /** The process is stopped, and does nothing until it wakes up. */
  stopFor(ms: number): void {
    this.wallJumpMs += ms;
    this.monotonicJumpMs += ms;
  }
}

function create(store = new LeaseStore(), identity = 'a', leaseSeconds?: number) {
  const clock = new JumpingClock();
  const fail = vi.fn();
  const elector = new LeaseElector({
    client: store,
    namespace: 'ns',
    name: 'operator',
    identity,
    clock,
    log: silentLogger,
    ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
  });
  return { store, clock, fail, elector };
}

describe('a lease', () => {
  test('that nobody has is taken, renewed, and given back at the end', async () => {
    const { store, clock, fail, elector } = create();
    await elector.start(fail);
    expect(await elector.elected).toBe(0);
    await clock.advance(60_000);
    expect([elector.isHeld, fail.mock.calls.length]).toEqual([true, 0]);
    await elector.stop();
    expect([elector.isHeld, store.lease?.spec['holderIdentity']]).toEqual([false, '']);
  });

  test.each([3, 15, 120])(
    'of %i s is renewed in time, and let go after two thirds without a renewal',
    async (seconds) => {
      const { store, clock, fail, elector } = create(new LeaseStore(), 'a', seconds);
      await elector.start(fail);
      await clock.advance(3_000 * seconds);
      expect(elector.isHeld).toBe(true);
      expect(store.lease?.spec['leaseDurationSeconds']).toBe(seconds);
      store.isAway = true;
      const renewMs = Math.min(2_000, (seconds * 1_000 * 2) / 15);
      await clock.advance((seconds * 1_000 * 2) / 3 - renewMs - 1);
      expect([elector.isHeld, fail.mock.calls.length]).toEqual([true, 0]);
      await clock.advance(2 * renewMs + 1);
      expect(elector.isHeld).toBe(false);
      expect(fail.mock.calls).toMatchObject([[{ code: 'lease_lost' }]]);
    },
  );

  test('of another is taken only after we have seen it unchanged for its time, under the next term', async () => {
    const store = new LeaseStore();
    store.write({ holderIdentity: 'b', leaseDurationSeconds: 15, leaseTransitions: 4 });
    const { clock, fail, elector } = create(store);
    await elector.start(fail);
    await clock.advance(10_000);
    store.write({ renewTime: 'later' });
    await clock.advance(14_000);
    expect(elector.isHeld).toBe(false);
    await clock.advance(4_000);
    expect([elector.isHeld, await elector.elected]).toEqual([true, 5]);
    await elector.stop();
  });

  test('that another has taken ends us', async () => {
    const { store, clock, fail, elector } = create();
    await elector.start(fail);
    await elector.elected;
    store.write({ holderIdentity: 'b', leaseTransitions: 1 });
    await clock.advance(2_000);
    expect(fail).toHaveBeenCalledExactlyOnceWith(expect.any(LeaseLost));
    expect(() => elector.term).toThrow(LeaseLost);
    await elector.stop();
    expect(store.lease?.spec['holderIdentity']).toBe('b');
  });

  test('that cannot be renewed for ten seconds ends us before another may take it', async () => {
    const { store, clock, fail, elector } = create();
    await elector.start(fail);
    await elector.elected;
    store.isAway = true;
    await clock.advance(9_000);
    expect([elector.isHeld, fail.mock.calls.length]).toEqual([true, 0]);
    await clock.advance(3_000);
    expect(elector.isHeld).toBe(false);
    expect(fail).toHaveBeenCalledExactlyOnceWith(expect.any(LeaseLost));
    await elector.stop();
  });

  test('keeps being ours when the reply to a renewal was lost', async () => {
    const { store, clock, fail, elector } = create();
    await elector.start(fail);
    await elector.elected;
    store.write({ renewTime: 'ours, without a reply' });
    await clock.advance(2_000);
    expect([elector.isHeld, fail.mock.calls.length]).toEqual([true, 0]);
    await elector.stop();
  });

  test('gets a term above one that was remembered elsewhere', async () => {
    const { clock, fail, elector } = create();
    await elector.start(fail);
    await elector.elected;
    await elector.raiseTermAbove(7);
    await elector.raiseTermAbove(3);
    expect(elector.term).toBe(8);
    await clock.advance(2_000);
    expect(fail).not.toHaveBeenCalled();
    await elector.stop();
  });

  test('is not held by a process that wakes up late, and is given up when another took it meanwhile', async () => {
    const { store, clock, fail, elector } = create();
    await elector.start(fail);
    await elector.elected;
    clock.stopFor(20_000);
    expect(elector.isHeld).toBe(false);
    store.write({ holderIdentity: 'b', leaseTransitions: 1 });
    await clock.advance(2_000);
    expect(fail).toHaveBeenCalledExactlyOnceWith(expect.any(LeaseLost));
    await elector.stop();
  });

  test('that nobody took while we were stopped is ours again once the API server has said so', async () => {
    const { clock, fail, elector } = create();
    await elector.start(fail);
    await clock.advance(0);
    clock.stopFor(20_000);
    await clock.advance(2_000);
    expect([elector.isHeld, fail.mock.calls.length]).toEqual([true, 0]);
    await elector.stop();
  });

  test('outlives wall clocks that jump: after one forward it is used again from the next renewal on', async () => {
    const { clock, fail, elector } = create();
    await elector.start(fail);
    await elector.elected;
    clock.wallJumpMs += 3_600_000;
    expect(elector.isHeld).toBe(false);
    await clock.advance(2_000);
    expect(elector.isHeld).toBe(true);
    clock.wallJumpMs -= 7_200_000;
    expect(elector.isHeld).toBe(true);
    await clock.advance(60_000);
    expect([elector.isHeld, fail.mock.calls.length]).toEqual([true, 0]);
    await elector.stop();
  });

  test('tells what waits for replies ten seconds after the last renewal, and not before', async () => {
    const { store, clock, fail, elector } = create();
    await elector.start(fail);
    await elector.elected;
    const lapsed = vi.fn();
    const takenBack = vi.fn();
    elector.onLapse(lapsed);
    elector.onLapse(takenBack)();
    await clock.advance(60_000);
    expect(lapsed).not.toHaveBeenCalled();
    store.isAway = true;
    await clock.advance(10_000);
    expect([lapsed.mock.calls.length, takenBack.mock.calls.length]).toEqual([1, 0]);
    await elector.stop();
  });

  test('is no longer used from the moment on that it begins to be given back', async () => {
    const { store, clock, fail, elector } = create();
    await elector.start(fail);
    await elector.elected;
    const seen: unknown[] = [];
    elector.onLapse(() => seen.push([elector.isHeld, store.lease?.spec['holderIdentity']]));
    await elector.stop();
    expect(seen).toEqual([[false, 'a']]);
    const next = create(store, 'b');
    await next.elector.start(next.fail);
    expect(await next.elector.elected).toBe(1);
    await next.elector.stop();
    expect(clock.pending).toBe(0);
  });

  test('whose taking had its reply lost is taken again at once', async () => {
    const store = new LeaseStore();
    store.write({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 4 });
    const { fail, elector } = create(store);
    await elector.start(fail);
    expect(await elector.elected).toBe(5);
    await elector.stop();
  });

  test('says when it comes and goes, once each', async () => {
    const store = new LeaseStore();
    const clock = new JumpingClock();
    const onChange = vi.fn();
    const options = { client: store, namespace: 'ns', name: 'operator', identity: 'a', log: silentLogger };
    const elector = new LeaseElector({ ...options, clock, onChange });
    await elector.start((error) => expect.unreachable(String(error)));
    await elector.elected;
    await clock.advance(30_000);
    await elector.stop();
    expect(onChange.mock.calls).toEqual([[false], [true], [false]]);
  });
});
