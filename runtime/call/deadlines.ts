/**
 * How long each state may last and how often a step is tried. All in milliseconds. Every stored
 * state but `settled` has a deadline, so no call can stay anywhere for ever.
 */

/**
 * From storing a command to driving it again. Above the carrier's own retries of one command
 * (0.5 + 1 + 2 s and the pauses between), so that a slow reply is not overtaken.
 */
export const COMMAND_MS = 6_000;
/** From a done `answer` to `call.answered`, which takes about 0.3 s: then it is taken to be lost. */
export const ANSWER_CONFIRM_MS = 2_500;
/** From a done `answer` until the call is up: what ended sooner may have rung all the while. */
export const ANSWERED_WITHIN_MS = 1_000;
/** From a done `streaming_start` to the media socket. */
export const ATTACH_MS = 6_000;
/**
 * The same for a `streaming_start`, and for the question that comes before one: the caller is in nobody's hands
 * meanwhile, and a command that is overtaken by its repeat is carried out once all the same.
 */
export const START_STREAM_MS = 1_500;
/** The pause before `streaming_start` is sent again where the carrier said "not answered yet". */
export const NOT_ANSWERED_PAUSE_MS = 300;
/** The pause before a command that the carrier refused for its rate limit is sent again. */
export const THROTTLED_PAUSE_MS = 300;
/** For so long such refusals are no tries: above what 200 calls need at ten commands a second. */
export const THROTTLED_FOR_MS = 45_000;
/**
 * After the carrier stopped a stream, the time left for `call.hangup` to explain it: mostly the
 * caller has hung up. Then the stream is started again.
 */
export const STOPPED_GRACE_MS = 1_000;
/** How long a person who is dialled may let it ring. */
export const RING_SECONDS = 30;
/** From a done `transfer` to the bridge or the end of its leg: above the ringing and its webhooks. */
export const TRANSFER_MS = (RING_SECONDS + 8) * 1_000;
/** How often the carrier is asked meanwhile whether the leg is still there: where its end is not told, the caller hears nothing. */
export const LEG_CHECK_MS = 3_000;
/** For so long `transfer` may be sent again: below the minute in which the carrier knows a repeat. */
export const TRANSFER_REPEAT_MS = 45_000;
/** From the answer of a person who was dialled to `call.bridged`, which takes no time: then it is taken to be lost. */
export const BRIDGE_CONFIRM_MS = 3_000;
/** How long a person who was told of a caller may take to press a key, once the summary was said. */
export const DECIDE_MS = 8_000;
/** From the end of that time to the carrier's word that no key came. */
export const DECIDE_SLACK_MS = 3_000;
/**
 * Between two tries to end the leg of a person who did not take the caller, at most: it is first tried every few seconds,
 * and what a carrier did not take for long is seen by StuckCalls, too.
 */
export const MAX_LEG_PAUSE_MS = 60_000;
/** How long the carrier lets two people talk, in seconds, at least and at most: Telnyx' own limits. */
export const MIN_HANDED_OVER_SECONDS = 30;
export const MAX_HANDED_OVER_SECONDS = 14_400;
/** How often the carrier is asked whether a call lives that a person has. */
export const HANDED_OVER_CHECK_MS = 600_000;
/** After the person's leg ended, the time left for the caller's `call.hangup`, and between two questions then. */
export const LEG_OVER_GRACE_MS = 3_000;
/** For so long over the carrier's own limit a hand-over is asked after; then its books are closed. */
export const HANDED_OVER_SLACK_MS = 1_800_000;
/**
 * What is rebuilt of a call that Redis has lost waits so long for the pod that holds its media, which
 * writes the whole of it back. Then the stream is started again: there is no such pod any more.
 */
export const REBUILT_GRACE_MS = 3_000;
/** Enough for the carrier's voice to say the apology, about 20 words. */
export const APOLOGY_MS = 9_000;
/** Enough for the carrier's voice to begin, and then to say one character of a tenant's message. */
export const SPEECH_START_MS = 4_000;
export const SPEECH_CHARACTER_MS = 100;
/** The longest message that a caller may leave, and the silence that ends it, in seconds. */
export const VOICEMAIL_SECONDS = 120;
export const VOICEMAIL_SILENCE_SECONDS = 5;
/** From a done `record_start` to the end of what was recorded and its webhook. */
export const VOICEMAIL_MS = (VOICEMAIL_SECONDS + 8) * 1_000;
/** From a done hang-up to its webhook; then the carrier is asked after the call. */
export const HANGUP_CONFIRM_MS = 15_000;

/** For so long a call that the carrier says is open is hung up again and again; then StuckCalls does it. */
export const END_FOR_MS = 600_000;

/** Tries of `answer` and, each with a generation of its own, of `streaming_start`. */
export const MAX_ATTEMPTS = 3;
/** Tries of `hangup`, `reject` and the question that follows them. More, because a call left open costs the tenant money. */
export const MAX_END_ATTEMPTS = 6;
/** How often one call may be handed to a person, or tried to. */
export const MAX_TRANSFERS = 5;
/** How often one call's stream may be attached again, beside once a minute: one that breaks as often is of no use. */
export const MAX_RESUMES = 20;
