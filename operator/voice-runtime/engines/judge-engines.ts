import { RUNTIME_LABELS } from '#operator/voice-runtime/runtime-names.ts';
import { verdict } from '#operator/world/verdict.ts';
import type { EngineJudgement, EnginePlan, EngineWorld, PlannedEngine } from './engine-plan.ts';
import { type DeploymentState, judgeDeployment } from './judge-deployment.ts';

/**
 * Whether the engines of a Managed VoiceRuntime answer, and what keeps those that do not. A kind is
 * served while one of its engines is ready; one that runs elsewhere counts as ready, since only the
 * runtime's pods can tell.
 */
export function judgeEngines({ planned }: Pick<EnginePlan, 'planned'>, world: EngineWorld): EngineJudgement {
  const judged = planned.map((engine) => ({ engine, state: stateOf(engine, world) }));
  const statuses = judged.map(({ engine, state }) => ({
    kind: engine.kind,
    name: engine.name,
    ready: state?.ready ?? true,
    endpoint: engine.endpoint,
    ...(state === undefined ? { message: ELSEWHERE } : messageOf(state)),
  }));
  return { verdict: verdictOf(judged), statuses };
}

const ELSEWHERE = 'Runs outside the cluster: the runtime itself finds out whether it answers.';
const MAX_MESSAGE = 1_024;

interface Judged {
  readonly engine: PlannedEngine;
  /** Undefined for an engine that runs elsewhere. */
  readonly state: DeploymentState | undefined;
}

function stateOf(engine: PlannedEngine, { deployments, pods, claims }: EngineWorld) {
  const { deployment } = engine;
  if (deployment === undefined) return undefined;
  return judgeDeployment(deployment, {
    deployment: deployments.find(({ metadata }) => metadata.name === deployment.name),
    pods: pods.filter(
      ({ metadata: { labels } }) =>
        labels?.[RUNTIME_LABELS.component] === engine.kind && labels[RUNTIME_LABELS.engine] === engine.name,
    ),
    claim: claims.find(({ metadata }) => metadata.name === deployment.name),
  });
}

function messageOf({ messages }: DeploymentState): { message?: string } {
  return messages.length === 0 ? {} : { message: messages.join(' ').slice(0, MAX_MESSAGE) };
}

function verdictOf(judged: readonly Judged[]): EngineJudgement['verdict'] {
  const kinds = [...new Set(judged.map(({ engine }) => engine.kind))];
  const silent = kinds.filter((kind) => !judged.some((one) => one.engine.kind === kind && isReady(one)));
  const notReady = judged.filter((one) => !isReady(one));
  const said = notReady.map(say).join(' ');
  const cause = notReady.find(({ engine }) => silent.includes(engine.kind));
  if (cause !== undefined) {
    return verdict('EnginesReady', 'False', cause.state?.reason ?? 'Starting', said);
  }
  if (judged.every(({ state }) => state === undefined)) {
    return verdict('EnginesReady', 'True', 'Elsewhere', ELSEWHERE_ALL);
  }
  const message = said === '' ? 'Every engine is ready.' : `Each kind has an engine that is ready. ${said}`;
  return verdict('EnginesReady', 'True', 'EnginesReady', message);
}

const ELSEWHERE_ALL =
  'All engines run outside the cluster: the runtime itself finds out whether they answer.';

function isReady({ state }: Judged): boolean {
  return state?.ready ?? true;
}

function say({ engine, state }: Judged): string {
  return `${engine.kind}/${engine.name}: ${state?.messages.join(' ') ?? ''}`;
}
