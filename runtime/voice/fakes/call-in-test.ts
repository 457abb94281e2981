import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { TransferFailure } from '#runtime/call/call-record.ts';
import { type ConversationState, newConversation } from '#runtime/call/conversation-state.ts';
import type { AudioCodec } from '#runtime/media/audio-codec.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { noTools } from '#runtime/tools/fakes/no-tools.ts';
import type { ToolRunner } from '#runtime/tools/tool-runner.ts';
import { profileInTest } from '#runtime/workflow/fakes/profile-in-test.ts';
import { MediaSession } from '../session.ts';
import { DEFAULT_VOICE_OPTIONS, type VoiceOptions } from '../voice-options.ts';
import { FakeCarrier } from './fake-carrier.ts';
import { type EngineScript, loudnessDetectors, scriptedEngines } from './scripted-engines.ts';
import { silentObserver } from './silent-observer.ts';

/** A whole call on a fake clock; what the session reports is written down as lines. */
export function callInTest(script: EngineScript, setUp: CallSetUp = {}) {
  const clock = new FakeClock();
  const carrier = new FakeCarrier(clock);
  const reported: string[] = [];
  const states: ConversationState[] = [];
  const session = new MediaSession(
    carrier,
    {
      callID: '00000000-0000-4000-8000-000000000001',
      generation: 7,
      profile: { ...profile, ...setUp.profile },
      callerNumber: '+12125550142',
      calledNumber: '+12125550100',
      conversation: setUp.conversation ?? newConversation('lead-capture'),
      transferFailure: setUp.transferFailure,
      asking: setUp.asking,
      seamless: setUp.seamless ?? false,
      answeredAtMs: clock.now(),
      toolToken: async () => undefined,
      events: {
        turn: ({ speaker, text, interrupted }) =>
          reported.push(`${speaker}: ${text}${interrupted ? ' [interrupted]' : ''}`),
        progress: (state) => states.push(state),
        lead: (workflow, fields, complete) =>
          reported.push(
            `lead ${workflow} ${fields.map(({ value }) => value).join(', ')}${complete ? '' : ' (partial)'}`,
          ),
        transfer: ({ target, summary }) => {
          reported.push(summary === undefined ? `transfer ${target}` : `ask ${target}: ${summary}`);
          return Promise.resolve(setUp.transfers ?? true);
        },
        finished: (reason, told) => reported.push(`finished ${reason}${told ? '' : ' (untold)'}`),
        disconnected: (stopped) => reported.push(`disconnected${stopped ? ' (stopped)' : ''}`),
      },
    },
    {
      engines: scriptedEngines(clock, script),
      tools: setUp.tools ?? noTools,
      voiceActivity: loudnessDetectors,
      sendCodec: setUp.sendCodec ?? pcmu,
      observer: { ...silentObserver, malformedFrame: () => reported.push('malformed frame') },
      load: { strained: setUp.strained ?? false },
      log: silentLogger,
      clock,
      options: { ...DEFAULT_VOICE_OPTIONS, ...setUp.options },
    },
  );
  return { clock, carrier, session, reported, states };
}

export interface CallSetUp {
  /** Calls the tenant's own tools. */
  readonly tools?: Pick<ToolRunner, 'run'>;
  /** Default: PCMU, as the fake carrier's line. */
  readonly sendCodec?: AudioCodec;
  readonly conversation?: ConversationState;
  readonly transferFailure?: TransferFailure;
  /** Whose word the caller waits for. */
  readonly asking?: string;
  /** Whether a transfer can be begun; it can by default. */
  readonly transfers?: boolean;
  /** What differs from the profile of Acme. */
  readonly profile?: Partial<TenantProfile>;
  readonly seamless?: boolean;
  /** Whether the pod has no time for what may be for nothing. */
  readonly strained?: boolean;
  readonly options?: Partial<VoiceOptions>;
}

const pcmu = knownCodec('PCMU', 8_000);

/** Of a tenant in London with what every new one has. */
export const profile = profileInTest({ timeZone: 'Europe/London', language: 'en-GB' });
