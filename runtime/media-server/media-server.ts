import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { CallProfiles } from '#runtime/admission/call-profiles.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { CallAdvancer } from '#runtime/call/advance.ts';
import { LiveCall, type LiveCallServices } from '#runtime/call/call.ts';
import type { CallEvent } from '#runtime/call/call-event.ts';
import { type CallRecord, holdsSlot, owesCommand, type StoredCall } from '#runtime/call/call-record.ts';
import type { LiveCalls } from '#runtime/call/live-calls.ts';
import { rebuiltFrom } from '#runtime/keep/rebuilt-from.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import { type MediaToken, verifyMediaToken } from './media-token.ts';
import { parseMediaPath } from './media-url.ts';
import { watchSocket } from './watch-socket.ts';

/** The carrier's messages hold at most some 100 KB: 30 s of audio in one is only ever sent by us. */
const MAX_MESSAGE_BYTES = 128 * 1024;
const TOKEN_HEADER = 'x-telnyx-streaming-auth-token';

export interface MediaServerOptions {
  readonly pod: string;
  readonly runtime: string;
  readonly maxDurationMs: number;
  /** How many calls this pod holds at most. */
  readonly slotCount: number;
  readonly callTokenSecret: string;
  readonly draining: () => boolean;
  readonly slots: PodSlots;
  readonly profiles: Pick<CallProfiles, 'of'>;
  readonly store: CallStore;
  /** Keeps a call in this pod from now on, where Redis is away. */
  readonly takeWithoutRedis: (ref: CallRef) => void;
  readonly advancer: CallAdvancer;
  readonly live: LiveCalls;
  readonly callServices: LiveCallServices;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/** Why an upgrade is refused, as its HTTP status. */
type Refusal = 401 | 404 | 409 | 503;

interface Attached {
  readonly call: StoredCall;
  readonly version: number;
  readonly profile: TenantProfile;
}

/**
 * Takes the carrier's media sockets: path, token and a free slot are checked, the call is told, and
 * only then the upgrade is granted and the socket handed to a LiveCall.
 */
export class MediaServer {
  readonly #options: MediaServerOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });
  /** Upgrades between their check and their grant: they count as calls, or a burst would pass. */
  #pending = 0;

  constructor(options: MediaServerOptions) {
    this.#options = options;
  }

  /** Never throws; the socket is granted, or answered with a status and closed. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { metrics, log } = this.#options;
    this.#pending += 1;
    const token = this.#check(request);
    const expected =
      typeof token === 'number' ? undefined : this.#options.live.expect(token.callID, token.generation);
    try {
      const attached = typeof token === 'number' ? token : await this.#adopt(token);
      metrics.mediaUpgrades.inc({ outcome: typeof attached === 'number' ? attached : 101 });
      if (typeof attached === 'number') refuse(socket, attached);
      else this.#grant(request, { socket, head }, attached);
    } catch (error) {
      log.error({ err: error }, 'a media socket could not be attached');
      metrics.mediaUpgrades.inc({ outcome: 503 });
      refuse(socket, 503);
    } finally {
      expected?.cancel();
      this.#pending -= 1;
    }
  }

  #check(request: IncomingMessage): MediaToken | Refusal {
    const { callTokenSecret, clock, live, slotCount, draining } = this.#options;
    const path = parseMediaPath(request.url);
    if (!path) return 404;
    const header = request.headers[TOKEN_HEADER];
    const token =
      typeof header === 'string' ? verifyMediaToken(header, callTokenSecret, clock.now()) : undefined;
    if (!token || token.callID !== path.callID || token.pod !== path.pod) return 401;
    // This upgrade is among the pending ones.
    if (draining() || live.size + this.#pending > slotCount) return 503;
    return token;
  }

  /** Tells the call that its stream is here: granted once for each generation, to one socket. */
  async #adopt(token: MediaToken): Promise<Attached | Refusal> {
    const { store, profiles, slots, advancer, takeWithoutRedis, clock, pod, slotCount } = this.#options;
    const { tenantID, generation } = token;
    const rebuild = this.#rebuiltFrom(token);
    if (rebuild) takeWithoutRedis(token);
    const [{ call: before }, profile] = await Promise.all([store.load(token), profiles.of(tenantID)]);
    if (!profile) return 404;
    const slotPod = before?.record.pod;
    if (!(await slots.reserveOn(pod, token, slotCount))) return 503;
    const attaching = advancer.advance({
      ref: token,
      eventID: `attached/${generation}/${randomUUID()}`,
      event: { kind: 'mediaAttached', atMs: clock.now(), generation, pod },
      rebuild,
    });
    const { outcome, call, version } = await attaching.catch(async (error: unknown) => {
      // Where it was stored after all, the call reserves a slot anew for its next stream.
      if (slotPod !== pod) await slots.release(pod, token);
      throw error;
    });
    if (outcome !== 'Stored' || !call) {
      if (!call || !this.#hasSlotHere(call.record)) await slots.release(pod, token);
      return 409;
    }
    if (slotPod !== undefined && slotPod !== pod) await slots.release(slotPod, token);
    return { call, version, profile };
  }

  /** The carrier has just opened the stream that the token was made for: its call is there. */
  #rebuiltFrom(token: MediaToken): CallEvent<'rebuilt'> | undefined {
    const { runtime, maxDurationMs, clock } = this.#options;
    if (!token.call) return undefined;
    const { carrierCallID, ...known } = token.call;
    const context = { carrierCallID, from: '', to: '', runtime, maxDurationMs, atMs: clock.now() };
    return rebuiltFrom({ ...token, ...known }, context);
  }

  #grant(request: IncomingMessage, { socket, head }: { socket: Duplex; head: Buffer }, to: Attached): void {
    const { live, callServices, clock, log } = this.#options;
    const { record, conversation } = to.call;
    const { answeredAtMs } = record;
    if (answeredAtMs === undefined) throw new Error('a call was attached before it was answered');
    const call = new LiveCall({
      record: { ...record, answeredAtMs },
      version: to.version,
      profile: to.profile,
      conversation,
      services: callServices,
      onGone: (present) => this.#letGo(call, present),
    });
    live.add(call);
    let granted = false;
    // The callback runs before this returns, or never where the peer has gone in the meantime.
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      granted = true;
      watchSocket(webSocket, { clock, log });
      call.open(webSocket);
    });
    if (!granted) void call.end();
    // A person is being asked, and that goes on now that the caller has an agent again.
    if (owesCommand(to.call)) void callServices.driver.drive(to.call);
  }

  /**
   * The slot was given back by whoever settled the call or took it over, but this pod's heartbeat
   * may have renewed it since. Where nobody knows what became of the call, it is left: by their slots
   * calls are found that no pod holds.
   */
  #letGo(call: LiveCall, present: CallRecord | undefined): void {
    const { live, slots, pod, log } = this.#options;
    live.remove(call);
    if (live.has(call.callID) || !present || this.#hasSlotHere(present)) return;
    slots.release(pod, call.ref).catch((error: unknown) => {
      log.warn({ err: error, callID: call.callID }, 'a slot was not given back; it expires by itself');
    });
  }

  #hasSlotHere(record: CallRecord): boolean {
    return holdsSlot(record) && record.pod === this.#options.pod;
  }
}

function refuse(socket: Duplex, status: Refusal): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  // A peer that keeps its own side open would hold the socket for ever.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
