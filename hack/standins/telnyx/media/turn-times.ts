/** The longest a reply or a `clear` may take and still count as one to these words. */
const MAX_WAIT_MS = 10_000;
const MAX_KEPT = 1_000;

/**
 * How quickly the agent takes its turn and gives it up, as the carrier's end of the socket sees it; in milliseconds.
 *
 *   caller's last frame of a turn sent ──▶ the agent's first audio: a reply, where nothing of the agent was queued
 *   caller's first frame sent over the agent's audio ──▶ its `clear`: an interruption, where the caller goes on
 */
export class TurnTimes {
  readonly repliesMs: number[] = [];
  readonly clearsMs: number[] = [];
  #speaking = false;
  #waitsForReplySince: number | undefined;
  #interruptsSince: number | undefined;

  /** The next 20 ms of the caller are sent; `queued` says whether audio of the agent plays or waits. */
  sent(speaks: boolean, queued: boolean, nowMs: number): void {
    if (speaks === this.#speaking) return;
    this.#speaking = speaks;
    this.#waitsForReplySince = speaks || queued ? undefined : nowMs;
    this.#interruptsSince = speaks && queued ? nowMs : undefined;
  }

  agentAudio(nowMs: number): void {
    note(this.repliesMs, this.#waitsForReplySince, nowMs);
    this.#waitsForReplySince = undefined;
  }

  cleared(nowMs: number): void {
    note(this.clearsMs, this.#interruptsSince, nowMs);
    this.#interruptsSince = undefined;
  }
}

function note(times: number[], sinceMs: number | undefined, nowMs: number): void {
  if (sinceMs === undefined || nowMs - sinceMs > MAX_WAIT_MS || times.length >= MAX_KEPT) return;
  times.push(nowMs - sinceMs);
}
