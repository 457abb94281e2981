import { verdict } from '#operator/world/verdict.ts';
import type { EngineJudgement, EnginePlan, EngineWorld } from './engine-plan.ts';

/** Whether the engines of a Managed VoiceRuntime answer, and what keeps those that do not. */
export function judgeEngines(_plan: EnginePlan, _world: EngineWorld): EngineJudgement {
  return {
    verdict: verdict('EnginesReady', 'False', 'NotServedYet', 'This release does not run engines.'),
    statuses: [],
  };
}
