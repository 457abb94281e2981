import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Workflow } from '#crds/tenant/workflow.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { type Dialogue, type Reply, replyOf } from './dialogue.ts';
import { type Heard, nextStep, openingStep } from './step.ts';

/** The driver without a language model: the workflow's questions, one after another. */
export class StepByStep implements Dialogue {
  readonly #workflow: Workflow;
  readonly #profile: TenantProfile;

  constructor(workflow: Workflow, profile: TenantProfile) {
    this.#workflow = workflow;
    this.#profile = profile;
  }

  open(state: ConversationState, after: 'Loss' | 'FailedTransfer'): Reply {
    return replyOf(openingStep(state, this.#workflow, this.#profile, after));
  }

  reply(state: ConversationState, heard: Heard): Reply {
    return replyOf(nextStep(state, this.#workflow, heard));
  }
}
