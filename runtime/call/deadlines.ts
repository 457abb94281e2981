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
/** From a done `streaming_start` to the media socket. */
export const ATTACH_MS = 6_000;
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
/** Enough for the carrier's voice to say the apology, about 20 words. */
export const APOLOGY_MS = 9_000;
/** From a done hang-up to its webhook; then the call is settled without it. */
export const HANGUP_CONFIRM_MS = 15_000;

/** Tries of `answer` and, each with a generation of its own, of `streaming_start`. */
export const MAX_ATTEMPTS = 3;
/** Tries of `hangup` and `reject`. More, because a call left open costs the tenant money. */
export const MAX_END_ATTEMPTS = 6;
/** How often one call's stream may be attached again. */
export const MAX_RESUMES = 20;
