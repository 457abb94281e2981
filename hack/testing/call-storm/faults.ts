import * as fc from 'fast-check';

/** What goes wrong. Seats are the pods' places, counted from 0; times in milliseconds. */
export type Fault =
  /** SIGKILL, and started again. */
  | { readonly do: 'KillPod'; readonly seat: number; readonly backAfterMs: number }
  /** SIGSTOP for 3 s, then SIGCONT. */
  | { readonly do: 'FreezePod'; readonly seat: number }
  /** Every pod in turn is replaced by a new one and drains. */
  | { readonly do: 'ReplacePods' }
  /** A pod's clock jumps by 5 s, or back. */
  | { readonly do: 'JumpClock'; readonly seat: number }
  /** A pod does not reach Redis, though it reaches the carrier. */
  | {
      readonly do: 'CutRedis';
      readonly seat: number;
      readonly forMs: number;
      readonly how: 'Refused' | 'Silent';
    }
  /** No pod reaches Redis, though all reach the carrier and each other. */
  | { readonly do: 'CutAll'; readonly forMs: number; readonly how: 'Refused' | 'Silent' }
  /** Redis dies, and comes back with all that it had acknowledged. */
  | { readonly do: 'KillRedis'; readonly forMs: number }
  /** Redis dies, and an empty one takes its place. */
  | { readonly do: 'EmptyRedis' }
  /** A replica takes Redis' place, without what was written in the last milliseconds. */
  | { readonly do: 'FailOverRedis'; readonly lostMs: number }
  /** The carrier allows only so few requests a second for a while. */
  | { readonly do: 'Throttle'; readonly requestsPerSecond: number; readonly forMs: number }
  /** Requests to the carrier go wrong. */
  | { readonly do: 'FailCommands'; readonly how: 'drop' | 'loseReply' | '503'; readonly times: number }
  /** Webhooks are never sent. */
  | { readonly do: 'LoseWebhooks'; readonly event: string; readonly times: number }
  /** Media sockets break. */
  | { readonly do: 'BreakSockets'; readonly times: number }
  /** New streams: audio before `start`, or a second socket with the same token. */
  | { readonly do: 'SpoilStreams'; readonly how: 'mediaBeforeStart' | 'twin'; readonly times: number }
  /** The carrier's side of a socket: audio withheld and then sent at once, or nothing read. */
  | { readonly do: 'StallStreams'; readonly how: 'gap' | 'stopReading'; readonly times: number };

export type FaultKind = Fault['do'];
export type TimedFault = Fault & { readonly atMs: number };

export interface FaultMix {
  readonly kinds: readonly FaultKind[];
  readonly seats: number;
  /** For how long pods are cut off from Redis. */
  readonly cutsMs: readonly number[];
}

/** Above what one command is tried without a pause, so that whoever drives the call has to send it again. */
const manyTimes = fc.integer({ min: 1, max: 8 });
const times = fc.integer({ min: 1, max: 3 });

type Of<K extends FaultKind> = Extract<Fault, { do: K }>;

const ALL: { readonly [K in FaultKind]: (mix: FaultMix) => fc.Arbitrary<Of<K>> } = {
  KillPod: ({ seats }) =>
    record<Of<'KillPod'>>({
      do: fc.constant('KillPod'),
      seat: fc.nat({ max: seats - 1 }),
      backAfterMs: fc.constantFrom(0, 1_000, 4_000),
    }),
  FreezePod: ({ seats }) =>
    record<Of<'FreezePod'>>({ do: fc.constant('FreezePod'), seat: fc.nat({ max: seats - 1 }) }),
  ReplacePods: () => record<Of<'ReplacePods'>>({ do: fc.constant('ReplacePods') }),
  JumpClock: ({ seats }) =>
    record<Of<'JumpClock'>>({ do: fc.constant('JumpClock'), seat: fc.nat({ max: seats - 1 }) }),
  CutRedis: ({ seats, cutsMs }) =>
    record<Of<'CutRedis'>>({
      do: fc.constant('CutRedis'),
      seat: fc.nat({ max: seats - 1 }),
      forMs: fc.constantFrom(...cutsMs),
      how: fc.constantFrom('Refused', 'Silent'),
    }),
  CutAll: ({ cutsMs }) =>
    record<Of<'CutAll'>>({
      do: fc.constant('CutAll'),
      forMs: fc.constantFrom(...cutsMs),
      how: fc.constantFrom('Refused', 'Silent'),
    }),
  KillRedis: () =>
    record<Of<'KillRedis'>>({ do: fc.constant('KillRedis'), forMs: fc.constantFrom(0, 500, 2_000) }),
  EmptyRedis: () => record<Of<'EmptyRedis'>>({ do: fc.constant('EmptyRedis') }),
  FailOverRedis: () =>
    record<Of<'FailOverRedis'>>({ do: fc.constant('FailOverRedis'), lostMs: fc.constantFrom(0, 100, 500) }),
  Throttle: () =>
    record<Of<'Throttle'>>({
      do: fc.constant('Throttle'),
      requestsPerSecond: fc.constantFrom(1, 3, 10),
      forMs: fc.constantFrom(1_000, 3_000),
    }),
  FailCommands: () =>
    record<Of<'FailCommands'>>({
      do: fc.constant('FailCommands'),
      how: fc.constantFrom('drop', 'loseReply', '503'),
      times: manyTimes,
    }),
  LoseWebhooks: () =>
    record<Of<'LoseWebhooks'>>({
      do: fc.constant('LoseWebhooks'),
      event: fc.constantFrom('call.answered', 'call.hangup', 'streaming.*', '*'),
      times,
    }),
  BreakSockets: () => record<Of<'BreakSockets'>>({ do: fc.constant('BreakSockets'), times }),
  SpoilStreams: () =>
    record<Of<'SpoilStreams'>>({
      do: fc.constant('SpoilStreams'),
      how: fc.constantFrom('mediaBeforeStart', 'twin'),
      times,
    }),
  StallStreams: () =>
    record<Of<'StallStreams'>>({
      do: fc.constant('StallStreams'),
      how: fc.constantFrom('gap', 'stopReading'),
      times,
    }),
};

export const FAULT_KINDS = Object.keys(ALL) as FaultKind[];

/** One fault of the mix, at some moment up to `lastsMs`. */
export function arbitraryFault(mix: FaultMix, lastsMs: number): fc.Arbitrary<TimedFault> {
  const kinds: fc.Arbitrary<Fault>[] = mix.kinds.map((kind) => ALL[kind](mix));
  return fc
    .tuple(fc.oneof(...kinds), fc.nat({ max: lastsMs }))
    .map(([one, atMs]): TimedFault => ({ ...one, atMs }));
}

/** Its objects print like literals. */
export function record<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}
