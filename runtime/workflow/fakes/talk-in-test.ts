import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { type Workflow, workflowSchema } from '#crds/tenant/workflow.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import type { AnswerContext } from '../answers/answer-context.ts';
import { answerContext, type CallSubject } from '../call-subject.ts';
import { nextStep, openingStep } from '../step.ts';
import type { Heard, Step } from '../talk.ts';
import { profileInTest } from './profile-in-test.ts';

/** A Monday, at nine in the morning in Chicago. */
export const MONDAY_MORNING_MS = Date.UTC(2026, 10, 30, 15);

export interface SubjectSetUp {
  readonly profile?: Record<string, unknown>;
  readonly workflow?: Workflow | Record<string, unknown>;
  readonly nowMs?: number;
  readonly callerNumber?: string;
  readonly calledNumber?: string;
}

/** A call from New York to Acme in Chicago, with Lead Capture unless said otherwise. */
export function subjectInTest(setUp: SubjectSetUp = {}): CallSubject {
  const profile = profileInTest(setUp.profile);
  return {
    profile,
    workflow: workflowSchema.parse(setUp.workflow ?? defaultWorkflows[0]),
    nowMs: setUp.nowMs ?? MONDAY_MORNING_MS,
    callerNumber: setUp.callerNumber ?? '+12125550142',
    calledNumber: setUp.calledNumber ?? '+13125550100',
  };
}

/** What answers are understood by on such a call. */
export function contextInTest(setUp: SubjectSetUp = {}): AnswerContext {
  const subject = subjectInTest(setUp);
  return answerContext(subject, newConversation(subject.workflow.name));
}

/** A conversation, as the caller has it: what is heard goes in, the last step is to be looked at. */
export class TalkInTest {
  readonly subject: CallSubject;
  step: Step;

  constructor(setUp: SubjectSetUp = {}, step?: Step) {
    this.subject = subjectInTest(setUp);
    this.step = step ?? openingStep(newConversation(this.subject.workflow.name), this.subject);
  }

  /** What the agent says to these words. */
  says(...texts: readonly string[]): string {
    for (const text of texts) this.hears({ kind: 'Words', text });
    return this.step.speech.text;
  }

  presses(digits: string): string {
    return this.hears({ kind: 'Digits', digits }).speech.text;
  }

  hears(heard: Heard): Step {
    this.step = nextStep(this.step.state, this.subject, heard);
    return this.step;
  }

  /** What was collected, by name. */
  get lead(): Record<string, string> {
    return Object.fromEntries(this.step.state.collected.map(({ name, value }) => [name, value]));
  }
}
