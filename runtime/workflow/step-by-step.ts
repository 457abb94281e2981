import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { listening } from './asking.ts';
import type { CallSubject } from './call-subject.ts';
import { type Dialogue, type Reply, replyOf } from './dialogue.ts';
import { nextStep, openingStep } from './step.ts';
import type { Heard, Listening } from './talk.ts';
import { wholeAnswer } from './whole-answer.ts';

/** The driver without a language model: the workflow's questions, one after another. */
export class StepByStep implements Dialogue {
  readonly usesHistory = false;
  readonly #subject: () => CallSubject;

  /** Asked for the subject at each step, since the time is part of it. */
  constructor(subject: () => CallSubject) {
    this.#subject = subject;
  }

  open(state: ConversationState, after: 'Loss' | 'FailedTransfer'): Reply {
    return replyOf(openingStep(state, this.#subject(), after));
  }

  reply(state: ConversationState, heard: Heard): Reply {
    return replyOf(nextStep(state, this.#subject(), heard));
  }

  wholeAnswer(state: ConversationState, text: string): ReturnType<typeof wholeAnswer> {
    return wholeAnswer({ state, subject: this.#subject() }, text);
  }

  listening(state: ConversationState): Listening {
    return listening({ state, subject: this.#subject() });
  }
}
