import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { ModelServer } from './fakes/model-server.ts';
import { Informer } from './informer.ts';
import { KeyIndex } from './key-index.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './kube-object.ts';
import { CONFIG_MAPS } from './resource.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const CUT = new KubeError({ status: 0, reason: 'Unreachable', message: 'cut' });

/** An informer of a model server, and all that its handlers were told. */
class Scene {
  readonly clock = new FakeClock();
  readonly server = new ModelServer();
  /** What the last word on each key was. */
  readonly told = new Map<string, KubeObject>();
  readonly informer: Informer<KubeObject>;
  readonly byUID: KeyIndex<KubeObject>;
  /** Replies to our writes that we have not heard yet. */
  replies: KubeObject[] = [];
  saved = this.server.save();
  missed = 0;
  /** Words that contradict the one before: handlers' exceptions go to the log, so they are noted. */
  readonly contradictions: string[] = [];
  /** Keys of which an older version was told than before: right only where etcd was restored. */
  readonly wentBack: string[] = [];
  readonly #newest = new Map<string, number>();

  constructor() {
    this.informer = new Informer({
      client: this.server as never,
      resource: CONFIG_MAPS,
      log: silentLogger,
      clock: this.clock,
      random: () => 0.5,
      onVerified: (missed) => {
        this.missed += missed;
      },
    });
    this.byUID = new KeyIndex(this.informer, ({ metadata }) => metadata.uid);
    this.informer.onChange((key, before, after) => {
      if (this.told.get(key) !== before) this.contradictions.push(key);
      if (after === undefined) this.told.delete(key);
      else this.told.set(key, after);
      const version = Number(after?.metadata.resourceVersion ?? Number.POSITIVE_INFINITY);
      if (version <= (this.#newest.get(key) ?? 0)) this.wentBack.push(key);
      if (after !== undefined) this.#newest.set(key, version);
    });
  }

  restore(): void {
    this.server.restore(this.saved);
    this.replies = [];
  }

  /** All faults end; the time of several verify passes goes by. */
  async heal(): Promise<void> {
    this.server.failures = [];
    for (let minute = 0; minute < 40; minute += 1) {
      this.server.bookmark();
      await this.clock.advance(60_000);
    }
  }
}

const step = <T>(arbitrary: fc.Arbitrary<T>, run: (scene: Scene, value: T) => unknown) =>
  arbitrary.map((value) =>
    Object.assign((scene: Scene) => run(scene, value), { toString: () => String(run) }),
  );
const name = fc.constantFrom(...NAMES);

const ORDINARY = [
  step(name, ({ server }, name) => server.write(name)),
  step(name, ({ server, replies }, name) => replies.push(server.write(name))),
  // The reply overtakes the watch, which has this key's earlier changes still to show.
  step(name, ({ server, informer }, name) => {
    server.delete(name);
    server.write(name);
    informer.observe(server.write(name));
  }),
  step(name, ({ server }, name) => server.delete(name)),
  step(fc.nat(3), (scene, index) => {
    const [reply] = scene.replies.splice(index, 1);
    if (reply !== undefined) scene.informer.observe(reply);
  }),
  step(fc.integer({ min: 1, max: 4 }), ({ server }, count) => server.deliver(count)),
  step(fc.constant(0), ({ server }) => server.bookmark()),
  step(fc.boolean(), ({ server }, abruptly) => server.cut(abruptly ? CUT : undefined)),
  step(fc.constant(0), ({ server }) => server.compact()),
  step(fc.constantFrom(410, 429, 500), ({ server }, status) => server.failures.push(status)),
  step(fc.boolean(), ({ server }, knows) => {
    server.knowsWatchList = knows;
  }),
  step(fc.constantFrom(0, 1_000, 40_000, 400_000), ({ clock }, ms) => clock.advance(ms)),
];
/** What no watch tells of, so that only a verify pass finds it. */
const SILENT = [
  step(fc.constant(0), ({ server }) => server.skip()),
  step(fc.constant(0), (scene) => {
    scene.saved = scene.server.save();
  }),
  step(fc.constant(0), (scene) => scene.restore()),
];

async function play(steps: readonly ((scene: Scene) => unknown)[]): Promise<Scene> {
  const scene = new Scene();
  const { informer, server, clock, told, byUID } = scene;
  const failures: unknown[] = [];
  await informer.start((error) => failures.push(error));
  try {
    for (const step of steps) {
      await step(scene);
      await clock.advance(0);
    }
    await scene.heal();
    expect([failures, scene.contradictions]).toEqual([[], []]);
    expect(informer.hasSynced).toBe(true);
    const expected = sorted(server.objects.values());
    expect(sorted(informer.list())).toEqual(expected);
    expect(sorted(told.values())).toEqual(expected);
    for (const { metadata } of expected) expect(byUID.keys(metadata.uid ?? '')).toEqual([metadata.name]);
    return scene;
  } finally {
    await informer.stop();
    expect(clock.pending).toBe(0);
  }
}

function sorted(objects: Iterable<KubeObject>): KubeObject[] {
  return [...objects].toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

test('after any cuts, compactions, refusals and own writes the cache and its handlers have what the server has', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(...ORDINARY), { minLength: 10, maxLength: 60, size: 'max' }),
      async (steps) => {
        const { missed, wentBack } = await play(steps);
        // The verify pass cries wolf about nothing, and nobody is told of the past.
        expect([missed, wentBack]).toEqual([0, []]);
      },
    ),
    { numRuns: 300 },
  );
});

test('what a watch passes over in silence, or a restored etcd takes back, is found and repaired', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(...ORDINARY, ...SILENT), { minLength: 10, maxLength: 60, size: 'max' }),
      async (steps) => {
        await play(steps);
      },
    ),
    { numRuns: 300 },
  );
});
