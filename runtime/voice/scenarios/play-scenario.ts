import { tenantProfileSchema } from '#crds/projection/tenant-profile.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { conversationStateSchema, newConversation } from '#runtime/call/conversation-state.ts';
import type { SessionEvents } from '#runtime/call/session-port.ts';
import { knownCodec } from '#runtime/media/testing/open-coders.ts';
import { noTools } from '#runtime/tools/fakes/no-tools.ts';
import { profile } from '../fakes/call-in-test.ts';
import { FakeCarrier } from '../fakes/fake-carrier.ts';
import { silentObserver } from '../fakes/silent-observer.ts';
import { MediaSession } from '../session.ts';
import { DEFAULT_VOICE_OPTIONS } from '../voice-options.ts';
import { EchoingLine } from './echoing-line.ts';
import type { Scenario } from './scenario.ts';
import { scenarioDetectors, scenarioEngines } from './scenario-engines.ts';
import { ScriptedCaller } from './scripted-caller.ts';
import { ToneWords } from './tone-words.ts';

const FRAME_MS = 20;

/** Plays a whole call on a fake clock; resolves to what came of it, a line for each thing that was reported. */
export async function playScenario(scenario: Scenario): Promise<string> {
  const clock = new FakeClock(Date.UTC(2026, 10, 30, 15));
  const startMs = clock.now();
  const lines: string[] = [];
  const at = (ms: number) => (ms / 1_000).toFixed(2).padStart(6);
  const note = (text: string) => lines.push(`${at(clock.now() - startMs)}         ${text}`);
  const carrier = new FakeCarrier(clock);
  let isOver = false;
  const end = (text: string) => {
    note(text);
    isOver = true;
  };
  const events: SessionEvents = {
    turn({ speaker, text, startedAtMs, endedAtMs, interrupted }) {
      const cut = interrupted ? ' —' : '';
      lines.push(`${at(startedAtMs)}–${at(endedAtMs).trim().padEnd(6)}  ${speaker}: ${text}${cut}`);
    },
    progress: () => {},
    lead: (workflow, fields, complete) =>
      note(
        `lead ${workflow}${complete ? '' : ' (incomplete)'}: ${fields.map(({ name, value }) => `${name}=${value}`).join(', ')}`,
      ),
    transfer(target) {
      note(`transfer to ${target}`);
      isOver = scenario.answersTransfer;
      return Promise.resolve(scenario.answersTransfer);
    },
    finished: (reason, told) => end(`ended: ${reason}${told ? '' : ' (the caller was not told)'}`),
    disconnected: () => end('the caller hung up'),
  };
  const words = new ToneWords(
    scenario.call.flatMap((step) => ('say' in step ? [step.say.replace(/\[\d+\]/g, ' ')] : [])),
  );
  const session = new MediaSession(
    carrier,
    {
      callID: '00000000-0000-4000-8000-000000000001',
      generation: 1,
      profile: tenantProfileSchema.parse({ ...profile, ...scenario.tenant }),
      callerNumber: scenario.from,
      calledNumber: '+12125550100',
      conversation: conversationStateSchema.parse({
        ...newConversation('lead-capture'),
        ...scenario.conversation,
      }),
      seamless: false,
      answeredAtMs: startMs,
      events,
    },
    {
      engines: scenarioEngines(scenario, words, clock),
      tools: noTools,
      voiceActivity: scenarioDetectors,
      sendCodec: knownCodec('PCMU', 8_000),
      observer: silentObserver,
      load: { strained: false },
      log: silentLogger,
      clock,
      options: DEFAULT_VOICE_OPTIONS,
    },
  );
  const caller = new ScriptedCaller(scenario.call, words, {
    press: (digit) =>
      carrier.say({ event: 'dtmf', occurred_at: new Date(clock.now()).toISOString(), dtmf: { digit } }),
    hangUp: () => carrier.stop(),
  });
  const line = new EchoingLine(clock, scenario.echo);
  carrier.onPlay = (samples, atMs) => line.play(samples, atMs);
  carrier.onClear = () => line.clear();
  carrier.caller = (sounding) => line.with(caller.frame(sounding));
  carrier.start();
  while (!isOver && clock.now() - startMs < scenario.endsAfterMs) await clock.advance(FRAME_MS);
  await session.close();
  await clock.advance(FRAME_MS);
  if (!isOver) note('the scenario ends here');
  if (carrier.clears > 0) lines.push(`         silenced by the caller ${carrier.clears} times`);
  return `${lines.join('\n')}\n`;
}
