import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { LanguageModel } from '#runtime/engines/language-model.ts';
import { listening } from '../asking.ts';
import { awaited } from '../awaiting.ts';
import type { CallSubject } from '../call-subject.ts';
import { type Dialogue, type DialogueTurn, type Reply, replyOf } from '../dialogue.ts';
import { hearIntent } from '../hear-intent.ts';
import { noted } from '../hearing.ts';
import { nextStep, openingStep } from '../step.ts';
import type { Heard, Listening, Talk } from '../talk.ts';
import { wholeAnswer } from '../whole-answer.ts';
import { ModelReply } from './model-reply.ts';
import type { TenantTools } from './tenant-tools.ts';

/**
 * The driver with a language model. The greeting, silence, keys, messages, and what must never depend on a model's mood
 * (a person, danger, goodbye, machines) are the step-by-step driver's; everything else that the caller says is the
 * model's to answer. Where the model fails, the other driver goes on with what was collected, in the same turn.
 */
export class ModelDialogue implements Dialogue {
  readonly usesHistory = true;
  readonly #options: ModelDialogueOptions;

  constructor(options: ModelDialogueOptions) {
    this.#options = options;
  }

  open(state: ConversationState, after: 'Loss' | 'FailedTransfer'): Reply {
    const talk = this.#talk(state);
    return replyOf(openingStep(state, talk.subject, after));
  }

  reply(state: ConversationState, heard: Heard, turn: DialogueTurn): Reply {
    const talk = this.#talk(state);
    const text = wordsIn(heard);
    if (text === undefined || awaited(state) === 'Message')
      return replyOf(nextStep(state, talk.subject, heard));
    const heardTalk = noted(talk, text);
    const step = hearIntent(heardTalk, text);
    return step ? replyOf(step) : new ModelReply({ ...this.#options, talk: heardTalk, text, turn });
  }

  wholeAnswer(state: ConversationState, text: string): ReturnType<typeof wholeAnswer> {
    return wholeAnswer(this.#talk(state), text);
  }

  listening(state: ConversationState): Listening {
    return listening(this.#talk(state));
  }

  #talk(state: ConversationState): Talk {
    return { subject: this.#options.subject(), state };
  }
}

/** A # behind words only ends them. */
function wordsIn(heard: Heard): string | undefined {
  if (heard.kind === 'Words') return heard.text;
  return heard.kind === 'Digits' && heard.digits === '#' ? heard.text : undefined;
}

export interface ModelDialogueOptions {
  readonly subject: () => CallSubject;
  readonly model: LanguageModel;
  readonly tools: TenantTools;
}
