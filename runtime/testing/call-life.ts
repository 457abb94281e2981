import type { CallEvent, CallIdentity, CommandFailure } from '#runtime/call/call-event.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import type { Command, StoredCall, TransferFailure, Treatment } from '#runtime/call/call-record.ts';
import { THROTTLED_FOR_MS } from '#runtime/call/deadlines.ts';
import { decide } from '#runtime/call/machine.ts';
import type { Transition } from '#runtime/call/transition.ts';

/** The events of one call with its identity and times filled in, for tests of the state machine. */
const T0 = Date.UTC(2026, 4, 31, 23, 59, 0);
const identity: CallIdentity = {
  callID: callIDOf('v3:abc'),
  carrierCallID: 'v3:abc',
  tenantID: '6f1c1d1e-0000-4000-8000-000000000001',
  runtime: 'veralux-system/shared',
  workflow: 'lead-capture',
  from: '+15550100001',
  to: '+15550100002',
  maxDurationMs: 600_000,
};

/** Events with the identity and times filled in: `s` is seconds after T0. */
export const at = (s: number) => T0 + s * 1_000;
export const admitted: CallEvent<'admitted'> = {
  kind: 'admitted',
  atMs: at(0),
  identity,
  pod: 'a',
  occurredAtMs: at(0),
};
/** Of a tenant that has its calls recorded. */
export const admittedToRecord: CallEvent = { ...admitted, recording: { retentionDays: 14 } };
export const recordingAsked = (result: 'Done' | 'Refused'): CallEvent => ({
  kind: 'recordingAsked',
  atMs: at(2),
  result,
});
export const rebuilt: CallEvent = {
  kind: 'rebuilt',
  atMs: at(1),
  identity,
  answeredAtMs: undefined,
  generation: 0,
};
export const refused: CallEvent<'refused'> = {
  kind: 'refused',
  atMs: at(0),
  identity,
  cause: 'USER_BUSY',
  occurredAtMs: at(0),
};
export const treated = (kind: Treatment['kind']): CallEvent => ({
  ...refused,
  treatment: { kind, message: 'All lines are busy.', language: 'en-US' },
});
export const spoken: CallEvent = { kind: 'spoken', atMs: at(6) };
export const recorded: CallEvent = {
  kind: 'recorded',
  atMs: at(20),
  startedAtMs: at(7),
  endedAtMs: at(19),
  carrierLegID: 'leg',
};
export const answered = (s = 1): CallEvent => ({ kind: 'answered', atMs: at(s), occurredAtMs: at(s) });
export const hungUp = (s: number, byCaller = true, wasUp = false): CallEvent<'hungUp'> => ({
  kind: 'hungUp',
  atMs: at(s),
  identity,
  occurredAtMs: at(s),
  cause: 'normal_clearing',
  byCaller,
  wasUp,
});
export const generationOf = (call: StoredCall | undefined) => call?.record.generation ?? 0;
export const attached = (call: StoredCall | undefined, s = 2): CallEvent => ({
  kind: 'mediaAttached',
  atMs: at(s),
  generation: generationOf(call),
  pod: 'a',
});
export const lost =
  (stopped: boolean) =>
  (call: StoredCall | undefined): CallEvent => ({
    kind: 'mediaLost',
    atMs: at(9),
    generation: generationOf(call),
    stopped,
  });
export const finished =
  (reason: 'EnginesFailed' | 'WorkflowCompleted', told: boolean, s = 30) =>
  (call: StoredCall | undefined): CallEvent => ({
    kind: 'finished',
    atMs: at(s),
    generation: generationOf(call),
    reason,
    told,
  });
export const ownerLost = (call: StoredCall | undefined): CallEvent => ({
  kind: 'ownerLost',
  atMs: at(9),
  generation: generationOf(call),
  pod: call?.record.pod ?? '',
});
export const givenAway = (call: StoredCall | undefined): CallEvent => ({
  kind: 'givenAway',
  atMs: at(9),
  generation: generationOf(call),
  to: 'b',
  inPause: true,
});
export const due = (call: StoredCall | undefined): CallEvent => ({
  kind: 'due',
  atMs: call?.record.deadlineAtMs ?? at(0),
});
export const result = (call: StoredCall | undefined, failure?: CommandFailure, atMs = at(1)): CallEvent => {
  const { step, generation } = call?.record.command ?? { step: 'hangup', generation: 0 };
  const base = { atMs, step, generation } as const;
  return failure ? { kind: 'commandFailed', ...base, failure } : { kind: 'commandDone', ...base };
};

/** The reply to a question, at the moment at which it was asked. */
export const replied =
  (failure?: 'CallEnded' | 'Unreachable') =>
  (call: StoredCall | undefined): CallEvent => {
    const { generation = 0 } = call?.record.command ?? {};
    const base = { atMs: generation / 1_000, step: 'look_up', generation } as const;
    return failure ? { kind: 'commandFailed', ...base, failure } : { kind: 'commandDone', ...base };
  };

export type Step = CallEvent | ((call: StoredCall | undefined) => CallEvent);

/** Takes a call through the events that say something; what they made of it. */
export function run(...steps: readonly Step[]): { call: StoredCall | undefined; transitions: Transition[] } {
  let call: StoredCall | undefined;
  const transitions: Transition[] = [];
  for (const step of steps) {
    const transition = decide(call, typeof step === 'function' ? step(call) : step);
    if (!transition) continue;
    transitions.push(transition);
    call = transition.call;
  }
  return { call, transitions };
}

export const talking = [admitted, answered(), attached] as const;

/** The call's way to a person, who is dialled 10 s after the call began. */
export const transferred = (call: StoredCall | undefined): CallEvent => ({
  kind: 'transfer',
  atMs: at(10),
  generation: generationOf(call),
  target: 'sales',
  number: '+15550100777',
  timeLimitSeconds: 3_600,
});
/** The same to a person who is asked first. */
export const asked = (call: StoredCall | undefined): CallEvent => ({
  ...(transferred(call) as CallEvent<'transfer'>),
  consult: { summary: 'A caller for you. Press 1.', language: 'en-US' },
});
const ofTransfer = (call: StoredCall | undefined, s: number) => ({
  atMs: at(s),
  generation: call?.record.transfer?.generation ?? 1,
  occurredAtMs: at(s),
});
export const legDialled = (call: StoredCall | undefined): CallEvent => ({
  kind: 'legDialled',
  legCallID: 'v3:leg',
  ...ofTransfer(call, 11),
});
export const legAnswered = (call: StoredCall | undefined): CallEvent => ({
  kind: 'legAnswered',
  legCallID: 'v3:leg',
  ...ofTransfer(call, 15),
});
/** The person presses a key, or none. */
export const decided =
  (decision: CallEvent<'legDecided'>['decision'], s = 20) =>
  (call: StoredCall | undefined): CallEvent => ({
    kind: 'legDecided',
    legCallID: 'v3:leg',
    decision,
    ...ofTransfer(call, s),
  });
/** As it is told of the leg; `OfCaller`: of the caller's leg. */
export const bridged = (call: StoredCall | undefined): CallEvent => ({
  kind: 'bridged',
  ...ofTransfer(call, 15),
});
export const bridgedOfCaller = (s: number): CallEvent => ({
  kind: 'bridged',
  atMs: at(s),
  generation: undefined,
  occurredAtMs: at(s),
});
export const legHungUp =
  (s: number, failure?: TransferFailure) =>
  (call: StoredCall | undefined): CallEvent => ({ kind: 'legHungUp', failure, ...ofTransfer(call, s) });

/** A command in a word or two. */
export const shown = (command: Command | undefined) =>
  command && `${command.step}${command.done ? ' done' : ''}`;

/** The carrier, asked after the call, tells of a stream that another pod asked for. */
export const elsewhere: Step = (call) => ({
  kind: 'streamElsewhere',
  atMs: at(5),
  generation: generationOf(call) + 1,
  answeredAtMs: at(1),
});
/** No pod has had a slot for as long as that is waited for. */
export const noRoomForLong: Step = (call) => ({
  ...result(call, 'NoRoom'),
  atMs: generationOf(call) / 1_000 + THROTTLED_FOR_MS + 1,
});
