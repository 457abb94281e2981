import type { ByteOrder } from '#runtime/media/pcm-codecs.ts';

/** How a pod holds conversations. Each value has a tested default in `DEFAULT_VOICE_OPTIONS`. */
export interface VoiceOptions {
  /** The byte order of L16 audio, in both directions. */
  readonly l16ByteOrder: ByteOrder;
  /** Silence after which the caller's turn may be over, and is recognised and answered on trial: with frames, 0.2 s at the socket. */
  readonly pauseMs: number;
  /** A caller who cut the agent off and then says nothing for so long is spoken on to. */
  readonly falseInterruptionMs: number;
  /** An answer that is not there so long after the caller's last sound is begun with a word to the caller. */
  readonly fillerAfterMs: number;
  /** And with another one so long after that. */
  readonly fillerAgainMs: number;
  /** Speech that makes a turn: shorter is a click or a cough. */
  readonly minSpeechMs: number;
  /** Audio kept from before speech was noticed, so that no first syllable is lost. */
  readonly preRollMs: number;
  readonly maxUtteranceMs: number;
  /** How far ahead of real time audio is sent. */
  readonly leadMs: number;
  /** Synthesised audio of a call that may wait in this process. */
  readonly maxQueuedMs: number;
  /** Silence after which the caller is asked again. */
  readonly callerSilenceMs: number;
  /** Silence after which a message is over. */
  readonly messageSilenceMs: number;
  /** Without a key for so long, what the caller enters is over. */
  readonly keyGapMs: number;
  /** How much later the carrier may tell of a key than of one that was pressed after it. */
  readonly keyReorderMs: number;
  /** How long a caller who asked us to wait is waited for. */
  readonly holdMs: number;
  /** Between two sentences to a caller who waits while a person is asked. */
  readonly waitingAgainMs: number;
  /** So many silences in a row end the call. */
  readonly maxSilences: number;
  /** Agent's turns of a conversation at most. */
  readonly maxTurns: number;
  /** How long a new socket may take to announce its stream. */
  readonly startTimeoutMs: number;
  /** Frames that wait for a missing one before it is given up. */
  readonly reorderFrames: number;
}

export const DEFAULT_VOICE_OPTIONS: VoiceOptions = {
  l16ByteOrder: 'BigEndian',
  pauseMs: 160,
  falseInterruptionMs: 1_000,
  fillerAfterMs: 1_700,
  fillerAgainMs: 4_000,
  minSpeechMs: 96,
  preRollMs: 320,
  maxUtteranceMs: 30_000,
  leadMs: 600,
  maxQueuedMs: 5_000,
  callerSilenceMs: 8_000,
  messageSilenceMs: 5_000,
  keyGapMs: 2_500,
  keyReorderMs: 250,
  holdMs: 45_000,
  waitingAgainMs: 8_000,
  maxSilences: 3,
  maxTurns: 60,
  startTimeoutMs: 2_000,
  reorderFrames: 3,
};
