import { z } from 'zod';

const epochMs = z.number();
/** Milliseconds since the answer. */
const callMs = z.number();
const ms = z.number();

const streamLedgerSchema = z.object({
  streamID: z.string(),
  url: z.string(),
  askedAtMs: epochMs,
  /** When its socket was open; absent: it never was. */
  openedAtMs: epochMs.optional(),
  /** When the stream was over: stopped, closed or broken. */
  endedAtMs: epochMs.optional(),
  closeCode: z.number().optional(),
  /** Agent audio that the caller heard. */
  playedMs: ms,
  mediaMessages: z.number(),
  /** Media that came when the stream was over, and how long after that the last of it. */
  lateMessages: z.number(),
  latestAfterEndMs: ms,
  /** Caller frames thrown away because nobody read them. */
  framesDropped: z.number(),
  marksPlayed: z.number(),
  marksCleared: z.number(),
  clears: z.number(),
  /** From the caller's last word to the agent's first audio, at the socket. */
  repliesMs: z.array(ms),
  /** From the caller's first word over the agent to its `clear`, at the socket. */
  clearsMs: z.array(ms),
  /** Error frames sent. */
  errors: z.array(z.object({ code: z.string(), detail: z.string() })),
  /** What became of second sockets with the same token. */
  twins: z.array(z.string()),
  /** Why nothing was heard although audio was sent. */
  faults: z.array(z.string()),
});

/** What happened on one leg, by the carrier's own account. Epoch times in ms; what is not known is absent. */
export const callLedgerSchema = z.object({
  callID: z.string(),
  callControlID: z.string(),
  callSessionID: z.string(),
  direction: z.enum(['incoming', 'outgoing']),
  from: z.string(),
  to: z.string(),
  state: z.enum(['parked', 'dialing', 'answered', 'bridged', 'ended']),
  initiatedAtMs: epochMs,
  answeredAtMs: epochMs.optional(),
  bridgedAtMs: epochMs.optional(),
  hangupAtMs: epochMs.optional(),
  hangupCause: z.string().optional(),
  /** `caller`, `callee` (the product, by a command) or `unknown`. */
  hangupSource: z.string().optional(),
  /** How often an `answer` was carried out. */
  answers: z.number(),
  /** From the answer to the hang-up, or to now. */
  upMs: ms,
  /** From the answer to the first sound that the caller heard. */
  firstSoundMs: callMs.optional(),
  /** The longest time, while the call was up and with no person on the line, in which nobody was heard. */
  longestSilenceMs: ms,
  /** The longest such time in which the caller heard nothing, the caller's own words counted as nothing. */
  longestWithoutAgentMs: ms,
  /** What the caller heard, as stretches; a silence under 500 ms belongs to the sound around it. */
  heard: z.array(
    z.object({
      atMs: callMs,
      lengthMs: ms,
      kind: z.enum(['Sound', 'Silence']),
      /** How long the caller spoke in it. */
      callerMs: ms,
    }),
  ),
  /** Silences inside utterances of the agent. */
  underruns: z.array(
    z.object({
      atMs: callMs,
      gapMs: ms,
      /** How late the stand-in itself was by then. */
      ownDelayMs: ms,
    }),
  ),
  streams: z.array(streamLedgerSchema),
  /** How many media sockets were open at once at most. */
  mostStreamsAtOnce: z.number(),
  /** The longest time without an open media socket, from the first one's opening on. */
  longestWithoutStreamMs: ms,
  /** Sentences that the carrier's voice said. */
  spoken: z.array(z.string()),
  recordings: z.array(
    z.object({
      id: z.string(),
      startedAt: z.string(),
      endedAt: z.string(),
      lengthMs: ms,
      url: z.string(),
    }),
  ),
  /** Each command that came, in order; `repeat`: it had been carried out under this command_id before. */
  commands: z.array(
    z.object({
      atMs: epochMs,
      action: z.string(),
      commandID: z.string().optional(),
      result: z.string(),
      repeat: z.boolean(),
    }),
  ),
  /**
   * How each event was delivered: attempts of all its copies (0: it was never sent), the last of them, and when one was
   * first taken with 2xx.
   */
  webhooks: z.array(
    z.object({
      eventID: z.string(),
      eventType: z.string(),
      attempts: z.number(),
      lastAttemptAtMs: epochMs,
      takenAtMs: epochMs.optional(),
    }),
  ),
});

export type CallLedger = z.output<typeof callLedgerSchema>;
