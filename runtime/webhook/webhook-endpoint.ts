import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#lib/clock/clock.ts';
import { type Problem, sendProblem } from '#lib/http/problem.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { StoredCall } from '#runtime/call/call-record.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { BodyReader } from './body-reader.ts';
import { parseCarrierWebhook } from './carrier-webhook.ts';
import { headerFault, type SignatureFault, signatureFault } from './verify-signature.ts';
import type { WebhookRouter } from './webhook-router.ts';

export const WEBHOOK_PATH = '/webhooks/telnyx';
/**
 * How many authentic webhooks are worked on at a time. Each needs some ten commands of Redis, so at
 * this many the last one is still answered within the carrier's patience; further ones are delivered
 * again.
 */
const MAX_IN_HAND = 512;
/** What such a one is told to wait. */
const RETRY_AFTER_SECONDS = 1;
/** How long a refused body is still thrown away before its connection is cut. */
const LINGER_MS = 500;

export interface WebhookEndpointOptions {
  readonly key: KeyObject;
  readonly router: Pick<WebhookRouter, 'route'>;
  /** Carries out the stored next command; called after the reply. */
  readonly drive: (call: StoredCall) => void;
  /** How many authentic webhooks may be worked on at a time; absent: 512. */
  readonly maxInHand?: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/**
 * POST /webhooks/telnyx. 200 only after the transition is stored; 401 changes nothing; 503 asks the
 * carrier to deliver again (it tries 6 times in all). What is not authentic costs at most a bounded
 * body and one verification, and what the headers alone give away not even that.
 */
export class WebhookEndpoint {
  readonly #options: WebhookEndpointOptions;
  readonly #bodies: BodyReader;
  #inHand = 0;

  constructor(options: WebhookEndpointOptions) {
    this.#options = options;
    this.#bodies = new BodyReader(options.clock);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whoever cannot prove to be the carrier keeps no connection, of which there are so many.
    const { shouldKeepAlive } = response;
    response.shouldKeepAlive = false;
    if (request.method !== 'POST') return this.#refuse(response, METHOD_NOT_ALLOWED);
    const { key, clock } = this.#options;
    const hopeless = headerFault(request.headers, clock.now());
    if (hopeless) return this.#refuse(response, { ...UNAUTHORISED, detail: FAULTS[hopeless] });
    const rawBody = await this.#bodies.read(request);
    if (rawBody === 'Aborted') return undefined;
    if (!Buffer.isBuffer(rawBody)) return this.#refuse(response, UNREAD[rawBody]);
    const fault = signatureFault({ headers: request.headers, rawBody }, key, clock.now());
    if (fault) return this.#refuse(response, { ...UNAUTHORISED, detail: FAULTS[fault] });
    response.shouldKeepAlive = shouldKeepAlive;
    if (this.#inHand >= (this.#options.maxInHand ?? MAX_IN_HAND)) return this.#refuse(response, OVERLOADED);
    this.#inHand += 1;
    try {
      return await this.#take(rawBody, response);
    } finally {
      this.#inHand -= 1;
    }
  }

  async #take(rawBody: Buffer, response: ServerResponse): Promise<void> {
    const { router, drive, log, metrics } = this.#options;
    const webhook = parseCarrierWebhook(rawBody);
    if (!webhook) return this.#refuse(response, MALFORMED);
    try {
      const { outcome, calls } = await router.route(webhook);
      metrics.webhooks.inc({ event: webhook.event, outcome });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"received":true}');
      for (const call of calls) drive(call);
    } catch (error) {
      log.error({ err: error, event: webhook.event }, 'a webhook could not be taken');
      metrics.webhooks.inc({ event: webhook.event, outcome: 'Failed' });
      response.setHeader('retry-after', RETRY_AFTER_SECONDS);
      // It comes again by another connection, and so perhaps to a pod that can take it.
      response.shouldKeepAlive = false;
      sendProblem(response, UNAVAILABLE);
    }
    return undefined;
  }

  #refuse(response: ServerResponse, problem: Problem): void {
    this.#options.metrics.webhooks.inc({ event: 'unknown', outcome: problem.code });
    if (problem.status === 503) response.setHeader('retry-after', RETRY_AFTER_SECONDS);
    if (!response.req.complete) this.#cutAfter(response);
    sendProblem(response, problem);
  }

  /**
   * What is left of an unread body must not be taken for the next request, nor be waited for: it is
   * thrown away for a moment, in which the peer can read our reply, and then the connection is cut.
   */
  #cutAfter(response: ServerResponse): void {
    const request = response.req;
    response.setHeader('connection', 'close');
    request.on('error', () => undefined).resume();
    const cancel = this.#options.clock.after(LINGER_MS, () => request.destroy());
    request.once('close', cancel);
  }
}

const METHOD_NOT_ALLOWED = {
  status: 405,
  code: 'method_not_allowed',
  title: 'Webhooks are sent by POST.',
} as const;
const UNREAD = {
  TooLarge: { status: 413, code: 'body_too_large', title: 'The body is larger than 64 KiB.' },
  TooSlow: { status: 408, code: 'body_too_slow', title: 'The body did not come within 3 s.' },
} as const;
const OVERLOADED = {
  status: 503,
  code: 'overloaded',
  title: 'Too many webhooks are being worked on. Deliver it again.',
} as const;
const UNAUTHORISED = {
  status: 401,
  code: 'signature_invalid',
  title: "The webhook is not signed with the account's key, for this moment.",
} as const;
const MALFORMED = {
  status: 400,
  code: 'webhook_malformed',
  title: 'The body is not a webhook of API version 2.',
} as const;
const UNAVAILABLE = {
  status: 503,
  code: 'not_stored',
  title: 'The event could not be taken. Deliver it again.',
} as const;

const FAULTS: Readonly<Record<SignatureFault, string>> = {
  Missing: 'The headers telnyx-signature-ed25519 and telnyx-timestamp are required.',
  Malformed: 'The signature is not 64 bytes of base64, or the timestamp is not in Unix seconds.',
  Stale: 'The timestamp is more than 300 seconds from now.',
  Forged: 'The signature does not match the body.',
};
