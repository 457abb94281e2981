import type { Engines } from '#crds/voice-runtime/engine.ts';
import { type EngineKind, engineKeyVariable } from '#crds/voice-runtime/engine-key.ts';
import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import { engineChildName, engineChildren } from './engine-children.ts';
import type { ClaimObject, DesiredChild, EnginePlan, PlannedEngine, SecretVariable } from './engine-plan.ts';
import type { EngineDeployment, EngineRecipe, EngineSpec } from './engine-recipe.ts';
import { recipes } from './recipes.ts';

/**
 * What the engines of a Managed VoiceRuntime need in the cluster, and where its pods reach them.
 * `claims` are its volumes that exist already: they stay as they were made.
 */
export function planEngines(runtime: VoiceRuntime, claims: readonly ClaimObject[]): EnginePlan {
  const world = { runtime, claims };
  const { stt, llm, tts } = runtime.spec.engines;
  const hears = planLadder(world, { kind: 'stt', ladder: [stt, ...stt.fallbacks], recipe: recipes.stt });
  const thinks =
    llm === undefined
      ? undefined
      : planLadder(world, { kind: 'llm', ladder: [llm, ...llm.fallbacks], recipe: recipes.llm });
  const speaks = planLadder(world, { kind: 'tts', ladder: [tts, ...tts.fallbacks], recipe: recipes.tts });
  const all = [hears, ...(thinks === undefined ? [] : [thinks]), speaks];
  return {
    planned: all.flatMap(({ planned }) => planned),
    children: all.flatMap(({ children }) => children),
    secretVariables: all.flatMap(({ secretVariables }) => secretVariables),
    engines: {
      stt: reached(stt, hears.reached),
      ...(llm === undefined || thinks === undefined ? {} : { llm: reached(llm, thinks.reached) }),
      tts: reached(tts, speaks.reached),
    },
  };
}

interface PlanWorld {
  readonly runtime: VoiceRuntime;
  readonly claims: readonly ClaimObject[];
}

/** The engines of one kind. */
interface Ladder<E, D> {
  readonly kind: EngineKind;
  /** The preferred engine, then its fallbacks. */
  readonly ladder: readonly E[];
  readonly recipe: (engine: E, deployment: D) => EngineRecipe;
}

/** Where an engine is called, in the words of a spec. */
interface Reached {
  readonly endpoint: string;
  readonly model: string | undefined;
}

interface LadderPlan {
  readonly planned: readonly PlannedEngine[];
  readonly children: readonly DesiredChild[];
  readonly secretVariables: readonly SecretVariable[];
  readonly reached: readonly Reached[];
}

function planLadder<
  D extends EngineDeployment,
  E extends EngineSpec & { readonly deployment?: D | undefined },
>(world: PlanWorld, { kind, ladder, recipe }: Ladder<E, D>): LadderPlan {
  const plans = ladder.map((engine, position) => {
    const { deployment } = engine;
    return deployment === undefined
      ? planElsewhere(kind, engine, position)
      : planHere(world, { kind, engine, deployment, recipe: recipe(engine, deployment) });
  });
  return {
    planned: plans.map(({ planned }) => planned),
    children: plans.flatMap(({ children }) => children),
    secretVariables: plans.flatMap(({ secretVariables }) => secretVariables),
    reached: plans.map(({ planned, model }) => ({ endpoint: planned.endpoint, model })),
  };
}

interface OnePlan {
  readonly planned: PlannedEngine;
  readonly model: string | undefined;
  readonly children: readonly DesiredChild[];
  readonly secretVariables: readonly SecretVariable[];
}

function planElsewhere(kind: EngineKind, engine: EngineSpec, position: number): OnePlan {
  const { name, endpoint = '', model, secretRef } = engine;
  const env = engineKeyVariable(kind, position);
  return {
    planned: { kind, name, endpoint },
    model,
    children: [],
    secretVariables: secretRef === undefined ? [] : [{ name: secretRef.name, key: secretRef.key, env }],
  };
}

function planHere(
  { runtime, claims }: PlanWorld,
  options: {
    readonly kind: EngineKind;
    readonly engine: EngineSpec;
    readonly deployment: EngineDeployment;
    readonly recipe: EngineRecipe;
  },
): OnePlan {
  const { kind, engine, deployment, recipe } = options;
  const { name } = engine;
  const childName = engineChildName(runtime, kind, name);
  const { replicas, gpus, startupTimeoutSeconds, cache } = deployment;
  return {
    planned: {
      kind,
      name,
      endpoint: `http://${childName}.${runtime.metadata.namespace ?? 'default'}.svc:${recipe.port}`,
      deployment: {
        name: childName,
        server: recipe.server,
        image: recipe.image,
        replicas,
        gpus,
        startupTimeoutSeconds,
        cache: recipe.modelPath === undefined ? undefined : cache,
      },
    },
    model: recipe.model ?? engine.model,
    children: engineChildren({
      runtime,
      kind,
      name,
      childName,
      deployment,
      recipe,
      claim: claims.find(({ metadata }) => metadata.name === childName),
    }),
    secretVariables: [],
  };
}

/** A ladder of the spec with every engine at its endpoint, as the runtime's pods are told. */
function reached<E extends Engines['stt'] | NonNullable<Engines['llm']> | Engines['tts']>(
  { fallbacks, ...preferred }: E,
  places: readonly Reached[],
): E {
  const [first, ...others] = places;
  // The spread of a union's rest keeps all its other fields, which the compiler cannot follow.
  return {
    ...preferred,
    ...first,
    deployment: undefined,
    fallbacks: fallbacks.map((fallback, index) => ({
      ...fallback,
      ...others[index],
      deployment: undefined,
    })),
  } as unknown as E;
}
