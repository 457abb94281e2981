import type { CallDetail } from './call-detail.ts';
import type { Scenario } from './scenario.ts';

/** How much of a sentence may be said while a killed pod has no successor yet: half a second, and the word that is cut. */
export const WORDS_LOST_BY_KILL = 3;

/** Throws an error that names everything about the call that is not as it should be. */
export function check(call: CallDetail, scenario: Scenario, mayBeLost = 0): void {
  const problems = problemsOf(call, scenario, mayBeLost);
  if (problems.length > 0) throw new Error(`the call is not as it should be:\n  ${problems.join('\n  ')}`);
}

/**
 * Compares what the API tells of a call with what the caller came to say. What is wrong, a
 * sentence each; an empty list is a call as it should be. Of each sentence of the caller's, the first `mayBeLost`
 * words need not have been heard.
 */
export function problemsOf(call: CallDetail, scenario: Scenario, mayBeLost = 0): string[] {
  const problems: string[] = [];
  const heard = call.transcript
    .filter((turn) => turn.speaker === 'Caller')
    .map((turn) => words(turn.text))
    .join(' ');
  for (const { say } of scenario.caller.steps) {
    const needed = words(say).split(' ').slice(mayBeLost).join(' ');
    if (!` ${heard} `.includes(` ${needed} `))
      problems.push(`the transcript lacks the caller's words "${say}"`);
  }
  if (!call.transcript.some((turn) => turn.speaker === 'Agent')) {
    problems.push('the transcript has nothing that the receptionist said');
  }
  for (const [name, expected] of Object.entries(scenario.lead)) {
    const value = call.lead?.fields.find((field) => field.name === name)?.value;
    if (!value?.toLowerCase().includes(expected)) {
      problems.push(
        `the lead's "${name}" should contain "${expected}" and is ${JSON.stringify(value ?? null)}`,
      );
    }
  }
  if (call.lead && !call.lead.complete) problems.push('the lead is not complete');
  if (call.hangupReason !== 'WorkflowCompleted') {
    problems.push(`the call should have ended as WorkflowCompleted and ended as ${call.hangupReason}`);
  }
  if (!call.usage || call.usage.callSeconds < 1 || call.usage.ttsCharacters < 1) {
    problems.push('the call was not metered');
  }
  return problems;
}

function words(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9' ]/g, '');
}
